"""Makes the files of this folder with Pillow, and beside each NAME.EXT the picture that Pillow reads from it, turned as
its EXIF data says, as want/NAME.png; and fit.json, areas averaged by OpenCV.

    pip install pillow==13.0.0 numpy==2.4.6 opencv-python-headless==5.0.0.* && python make.py
"""

import json
import os
import struct

import cv2
import numpy as np
from PIL import Image, ImageOps

os.makedirs("want", exist_ok=True)


def smooth(height, width):
    """A picture without any symmetry, smooth enough for JPEG."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // width, y * 255 // height, (x + 2 * y) * 255 // (width + 2 * height)], axis=2).astype(np.uint8)


def save(name, image, **options):
    image.save(name, **options)
    read = Image.open(name)
    turned = ImageOps.exif_transpose(read)
    mode = "RGBA" if "A" in turned.mode or "transparency" in turned.info else "RGB"
    if turned.mode.startswith("I"):  # 16 bits: the high byte
        turned = Image.fromarray((np.asarray(turned).astype(np.uint32) >> 8).astype(np.uint8))
    turned.convert(mode).save(os.path.join("want", os.path.splitext(name)[0] + ".png"))


rgb = smooth(17, 24)
picture = Image.fromarray(rgb)
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(f"turned{orientation}.jpg", picture, exif=exif, quality=95, subsampling=0)
exif = Image.Exif()
exif[0x0112] = 6
save("turned.png", picture, exif=exif)
save("turned.webp", picture, exif=exif, lossless=True)
save("lossy.webp", picture, quality=95)
for name, colour in [("black", (0, 0, 0)), ("white", (255, 255, 255)), ("orange", (200, 100, 50)), ("red", (255, 0, 0))]:
    save(f"{name}.webp", Image.new("RGB", (9, 7), colour), quality=95)
save("colour.png", picture)
save("colour.bmp", picture)
save("progressive.jpg", picture, progressive=True, quality=95, subsampling=0)
save("grey.jpg", picture.convert("L"), quality=95)
save("grey.png", picture.convert("L"))
save("cmyk.jpg", picture.convert("CMYK"), quality=95)
save("palette.png", picture.quantize(16))
alpha = np.dstack([rgb, (np.arange(17 * 24).reshape(17, 24) * 255 // (17 * 24)).astype(np.uint8)])
save("alpha.png", Image.fromarray(alpha))
save("glass.webp", Image.fromarray(alpha), quality=95)
exif[0x0112] = 1
save("lossless.webp", Image.fromarray(alpha), exif=exif, lossless=True)
deep = (np.arange(17 * 24).reshape(17, 24) * 65535 // (17 * 24)).astype(np.uint16)
save("deep.png", Image.fromarray(deep))
first = picture.quantize(32)
save("still.gif", first)
first.save("moving.gif", save_all=True, append_images=[picture.rotate(90).quantize(32), picture.rotate(180).quantize(32)])
Image.open("moving.gif").convert("RGB").save("want/moving.png")
save("frames.webp", picture, save_all=True, append_images=[picture.rotate(90), picture.rotate(180)], quality=95)
save("glasses.webp", Image.fromarray(alpha), save_all=True, append_images=[Image.fromarray(alpha).rotate(180)], quality=95)


def chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def u24(value):
    return struct.pack("<I", value)[:3]


# An animation whose only frame, the lossy picture, covers a part of its 40 x 30 pixels, from (8, 6) on.
with open("lossy.webp", "rb") as f:
    pixels = f.read()[12:]
frame = u24(8 // 2) + u24(6 // 2) + u24(24 - 1) + u24(17 - 1) + u24(100) + b"\0" + pixels
header = struct.pack("<I", 1 << 1 | 1 << 4) + u24(40 - 1) + u24(30 - 1)
with open("part.webp", "wb") as f:
    f.write(chunk(b"RIFF", b"WEBP" + chunk(b"VP8X", header) + chunk(b"ANIM", b"\0" * 6) + chunk(b"ANMF", frame)))
Image.open("part.webp").save("want/part.png")

fits = []
for (h, w), (to_h, to_w) in [((48, 48), (16, 16)), ((17, 24), (5, 7)), ((100, 60), (48, 48)), ((33, 37), (32, 32)), ((5, 7), (5, 7))]:
    area = cv2.resize(smooth(h, w), (to_w, to_h), interpolation=cv2.INTER_AREA)
    fits.append({"height": h, "width": w, "to_height": to_h, "to_width": to_w, "pixels": area.ravel().tolist()})
with open("fit.json", "w") as f:
    json.dump(fits, f, separators=(",", ":"))
