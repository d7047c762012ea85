"""Where pictures come from: folders of images and video files, read one picture at a time."""
