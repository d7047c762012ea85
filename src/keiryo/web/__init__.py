"""The product in the browser and as an API: pages and JSON over the services of the capabilities.

Nothing here decides anything about material: a page asks a service and shows the answer, a form
calls a service and shows what it said. A capability joins by a module in ``pages`` that names its
`sections.Section`: pages, menu entries, its part of the overview, what can be searched, its API.
"""
