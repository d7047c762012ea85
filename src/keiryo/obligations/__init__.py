"""Obligated material: whose conditions a quantity of nuclear material is under.

A bilateral agreement makes what is supplied under it subject to duties: peaceful use, protection,
safeguards, consent before certain steps, reports. The mark of that is a label with the code of the
partner; a quantity may carry several at once, or none. Labels follow the material by calculation,
because no atom can be told from another: a label is neither origin nor ownership.
"""
