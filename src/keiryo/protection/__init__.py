"""Physical protection: the defender's evaluation of detection, delay and response.

Pure calculations on a file that the user gives: nothing is stored and no value is logged. The
package holds no barrier or sensor values; every number in an example is a placeholder.
"""
