"""Machine-vision cameras: pylon and GenICam."""
