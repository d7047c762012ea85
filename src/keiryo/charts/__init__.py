"""Charts that people of the field expect, as SVG and PNG, and pages that open offline."""
