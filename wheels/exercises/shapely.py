import shapely
from shapely.geometry import Point, Polygon, box

a, b = box(0, 0, 2, 2), box(1, 1, 3, 3)
assert a.intersection(b).area == 1.0 and a.union(b).area == 7.0
assert Polygon([(0, 0), (4, 0), (4, 3)]).contains(Point(3, 1))
assert shapely.from_wkt("POINT (1 2)").wkt == "POINT (1 2)"
assert shapely.STRtree([a, b]).query(Point(0.5, 0.5)).tolist() == [0]
try:
    shapely.from_wkt("POINT (1")
except shapely.GEOSException:
    pass
else:
    raise AssertionError("bad WKT was read")
