"""Records of access control: what a control system exports, checked, and who was there when."""
