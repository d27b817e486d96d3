import cv2
import numpy as np

image = np.zeros((100, 100, 3), dtype="uint8")
cv2.circle(image, (50, 50), 20, (255, 255, 255), -1)
ok, png = cv2.imencode(".png", image)
assert ok and (cv2.imdecode(png, cv2.IMREAD_COLOR) == image).all()
gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
contours, _ = cv2.findContours(gray, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
assert len(contours) == 1 and abs(cv2.contourArea(contours[0]) - 1257) < 60
try:
    cv2.cvtColor(np.zeros((2, 2), dtype="uint8"), cv2.COLOR_BGR2HSV)
except cv2.error:
    pass
else:
    raise AssertionError("a wrong shape was accepted")
