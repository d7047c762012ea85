"""The journal: acts, their lines, the digest chain, and the pipeline that posts them."""
