import io

from PIL import Image, ImageFilter

image = Image.new("RGB", (64, 48), (10, 200, 30))
image.paste((255, 0, 0), (8, 8, 24, 24))
for kind, exact in (("PNG", True), ("JPEG", False), ("WEBP", False), ("TIFF", True)):
    out = io.BytesIO()
    image.save(out, kind)
    again = Image.open(io.BytesIO(out.getvalue())).convert("RGB")
    again.load()
    assert again.size == (64, 48)
    assert not exact or again.tobytes() == image.tobytes(), kind
assert image.resize((32, 24), Image.Resampling.LANCZOS).filter(ImageFilter.BLUR).size == (32, 24)
assert image.convert("L").histogram()[255] == 0
