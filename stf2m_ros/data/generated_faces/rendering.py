"""A face painted from action units, frontal, on a square canvas. Pose and camera come later."""

from dataclasses import dataclass
from typing import List, Tuple

import cv2
import numpy as np

from stf2m_ros.data.generated_faces.action_units import unit_row
from stf2m_ros.data.generated_faces.canvas import SHIFT, CanvasGrid, blend, fill, stroke
from stf2m_ros.data.generated_faces.head import paint_head
from stf2m_ros.data.generated_faces.identity import Identity
from stf2m_ros.data.generated_faces.landmarks import Landmarks, place_landmarks
from stf2m_ros.data.generated_faces.light import Light, bone_shade, emboss_kernel, height_map
from stf2m_ros.data.generated_faces.wrinkles import fixed_lines, wrinkle_lines


class FacePainter:
    """Paints one person under one light."""

    def __init__(self, identity: Identity, light: Light, grid: CanvasGrid) -> None:
        self.grid, self.identity = grid, identity
        self.height = height_map(identity.geometry, grid)
        self._light = light
        self._head = paint_head(identity, grid)
        self._shade = bone_shade(self.height, light, grid) * self._head.texture
        skin = float(np.dot(identity.look.skin, (0.3, 0.59, 0.11)))
        self._exposure = float(np.clip(light.brightness / skin, 0.6, 2.2))
        self._emboss = emboss_kernel(light)

    def prepare(self, units: np.ndarray, gaze: np.ndarray) -> "PreparedClip":
        """Everything that can be computed for a whole clip at once.

        units: (T, U, 2) in [0, 1], the person's resting face included.  gaze: (T, 2) in [-1, 1].
        """
        marks = place_landmarks(self.identity.geometry, units)
        return PreparedClip(
            units=units,
            gaze=gaze,
            marks=marks,
            lines=fixed_lines(wrinkle_lines(self.identity, units, marks), self.grid),
            relief=_relief_spots(self.identity, units, marks, self.grid),
            outline=self.grid.fixed(marks.outline),
            brows=[self.grid.fixed(side.brow) for side in marks.sides],
            eyes=[self.grid.fixed(side.eye) for side in marks.sides],
            upper_lids=[self.grid.fixed(side.upper_lid) for side in marks.sides],
            lower_lids=[self.grid.fixed(side.lower_lid) for side in marks.sides],
            wings=[self.grid.fixed(side.wing) for side in marks.sides],
            upper_lip=self.grid.fixed(marks.upper_lip),
            lower_lip=self.grid.fixed(marks.lower_lip),
            opening=self.grid.fixed(marks.mouth_opening),
            lip_line=self.grid.fixed(marks.lip_line),
        )

    def paint(self, clip: "PreparedClip", index: int) -> np.ndarray:
        """(size, size, 4) uint8: RGB, and how much of the head covers what is behind it."""
        look = self.identity.look
        canvas, cover = self._head.behind.copy(), self._head.cover.copy()
        face = np.zeros(cover.shape, np.uint8)
        fill(face, clip.outline[index], 255)
        fill(canvas, clip.outline[index], look.skin)
        np.maximum(cover, face, out=cover)
        if self._head.beard is not None:
            self._head.beard.lay_over(canvas, face)
        self._paint_lips(canvas, clip, index)
        canvas = self._lit(canvas, face, clip, index)
        self._paint_eyes(canvas, clip, index)
        self._paint_ink(canvas, clip, index)
        for layer in self._head.in_front:
            layer.lay_over(canvas)
        return cv2.merge([canvas, cover])

    def _lit(self, canvas: np.ndarray, face: np.ndarray, clip: "PreparedClip", index: int) -> np.ndarray:
        size, scale = self.grid.size_px, self.grid.px_per_unit
        creases = np.zeros((size, size), np.uint8)
        for points, depth, thickness in clip.lines:
            if depth[index] > 12:
                cv2.polylines(creases, [points[index]], False, int(depth[index]), thickness, cv2.LINE_AA, SHIFT)
        creases = cv2.GaussianBlur(creases, (0, 0), 0.013 * scale)
        # Soft parts need no detail: half the size, a quarter of the time.
        relief = np.full((size // 2, size // 2), 90, np.uint8)
        for centre, axes, height in clip.relief:
            if abs(height[index]) > 2:
                cv2.ellipse(relief, (centre[index], axes[index], 0.0), int(90 + height[index]), -1)
        relief = cv2.GaussianBlur(relief, (0, 0), 0.028 * scale)
        slopes = cv2.filter2D(relief, cv2.CV_32F, self._emboss)
        slopes = cv2.resize(slopes, (size, size), interpolation=cv2.INTER_LINEAR)
        shade = cv2.addWeighted(self._shade, 1.0, slopes, 1 / 70, 0)
        shade = cv2.addWeighted(shade, 1.0, creases, -0.5 * self._light.crease_depth / 255, 0, dtype=cv2.CV_32F)
        shade = cv2.multiply(shade, self._rim(face))
        np.copyto(shade, self._head.texture, where=face == 0)
        np.maximum(shade, 0.06, out=shade)
        red, green, blue = (self._exposure * part for part in self._light.colour)
        return cv2.multiply(canvas, cv2.merge([shade * red, shade * green, shade * blue]), dtype=cv2.CV_8U)

    def _rim(self, face: np.ndarray) -> np.ndarray:
        """Darker towards the outline, where the skin turns away."""
        quarter = cv2.resize(face, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        rim = cv2.blur(quarter, (5, 5)).astype(np.float32) * np.float32(0.28 / 255) + np.float32(0.72)
        return cv2.resize(rim, face.shape[::-1], interpolation=cv2.INTER_LINEAR)

    def _paint_lips(self, canvas: np.ndarray, clip: "PreparedClip", index: int) -> None:
        look, marks = self.identity.look, clip.marks
        upper = tuple(0.86 * value for value in look.lip)
        fill(canvas, clip.lower_lip[index], look.lip)
        fill(canvas, clip.upper_lip[index], upper)
        opening = marks.mouth_opening[index]
        if marks.lip_gap[index] < 0.012:
            return
        top, bottom = self.grid.row(opening[:, 1].min() - 0.03), self.grid.row(opening[:, 1].max() + 0.03)
        if bottom - top < 2:
            return
        inside = np.empty((self.grid.size_px, self.grid.size_px, 3), np.uint8)[top:bottom]
        self._paint_mouth_inside(inside, top, float(marks.jaw_drop[index]), clip.units[index].mean(axis=-1))
        mask = np.zeros(inside.shape[:2], np.uint8)
        offset = np.array([0, top << SHIFT], np.int32)
        fill(mask, clip.opening[index] - offset, 255)
        canvas[top:bottom] = blend(canvas[top:bottom], inside, mask * np.float32(1 / 255))

    def _paint_mouth_inside(self, inside: np.ndarray, top: int, jaw_drop: float, pull: np.ndarray) -> None:
        g, look = self.identity.geometry, self.identity.look
        inside[:] = (52, 20, 20)
        # Lips that are drawn apart bare the teeth; lips that merely part leave the gap dark.
        bared = max(pull[unit_row(12)], 0.8 * pull[unit_row(20)], 0.6 * pull[unit_row(10)], 0.15 * pull[unit_row(27)])
        bared_below = max(pull[unit_row(16)], 0.7 * pull[unit_row(20)])
        offset = np.array([0, top << SHIFT], np.int32)
        x = np.linspace(-1, 1, 9)
        arch = 0.022 * x**2
        dim = tuple(0.82 * value for value in look.teeth)
        tongue_y = g.mouth_y + 0.1 + 0.95 * jaw_drop
        tongue = np.stack([0.13 * x, tongue_y - 0.05 * (1 - x**2)], axis=-1)
        tongue = np.concatenate([tongue, [[0.13, tongue_y + 0.2], [-0.13, tongue_y + 0.2]]])
        fill(inside, self.grid.fixed(tongue) - offset, (150, 74, 74))
        lower = np.stack([0.15 * x, g.mouth_y + 0.085 - 0.035 * bared_below + 0.95 * jaw_drop + 0.5 * arch], axis=-1)
        lower = np.concatenate([lower, (lower + [0.0, 0.09])[::-1]])
        fill(inside, self.grid.fixed(lower) - offset, dim)
        upper = np.stack([(g.mouth_width - 0.01) * x, g.mouth_y + g.teeth_length + 0.058 * bared - arch], axis=-1)
        upper = np.concatenate([upper - [0.0, 0.12], upper[::-1]])
        fill(inside, self.grid.fixed(upper) - offset, look.teeth)

    def _paint_eyes(self, canvas: np.ndarray, clip: "PreparedClip", index: int) -> None:
        g, look = self.identity.geometry, self.identity.look
        top, bottom = self.grid.row(g.eye_y - 0.17), self.grid.row(g.eye_y + 0.12)
        white = float(np.clip(np.mean(self._shade[top:bottom]) * self._exposure**0.7, 0.45, 1.25))
        band = np.empty((bottom - top, self.grid.size_px, 3), np.uint8)
        band[:] = [min(255, value * white) for value in (184, 176, 170)]
        mask = np.zeros(band.shape[:2], np.uint8)
        offset = np.array([0, top << SHIFT], np.int32)
        radius = int(0.068 * self.grid.px_per_unit * (1 << SHIFT))
        for side, half in enumerate(clip.marks.sides):
            centre = self.grid.fixed(half.eye_centre[index] + clip.gaze[index] * [0.045, 0.02]) - offset
            at = tuple(int(v) for v in centre)
            cv2.circle(band, at, radius, [0.7 * v for v in look.iris], -1, cv2.LINE_AA, SHIFT)
            cv2.circle(band, at, radius * 3 // 4, look.iris, -1, cv2.LINE_AA, SHIFT)
            cv2.circle(band, at, radius * 2 // 5, (12, 10, 10), -1, cv2.LINE_AA, SHIFT)
            glint = (at[0] + int(self._light.direction[0] * radius / 2), at[1] - radius // 3)
            cv2.circle(band, glint, radius // 5, (250, 250, 250), -1, cv2.LINE_AA, SHIFT)
            stroke(
                band, clip.upper_lids[side][index] - offset, (110, 96, 92), max(1, round(0.02 * self.grid.px_per_unit))
            )
            fill(mask, clip.eyes[side][index] - offset, 255)
        canvas[top:bottom] = blend(canvas[top:bottom], band, mask * np.float32(1 / 255))

    def _paint_ink(self, canvas: np.ndarray, clip: "PreparedClip", index: int) -> None:
        look, scale = self.identity.look, self.grid.px_per_unit
        ink = np.zeros(canvas.shape[:2], np.uint8)
        thin, lash = max(1, round(0.014 * scale)), max(1, round((0.026 + 0.012 * look.eyeliner) * scale))
        for side in (0, 1):
            fill(ink, clip.brows[side][index], int(255 * look.brow_density))
        ink = cv2.GaussianBlur(ink, (0, 0), 0.014 * scale)
        for side, sign in ((0, -1), (1, 1)):
            stroke(ink, clip.upper_lids[side][index], min(255, 215 + int(60 * look.eyeliner)), lash)
            stroke(ink, clip.lower_lids[side][index], 80 + int(90 * look.eyeliner), thin)
            wing = clip.wings[side][index]
            nostril = (int(wing[0] - sign * 0.5 * 0.14 * scale * 16), int(wing[1] + 0.028 * scale * 16))
            axes = (int(0.034 * scale * 16), int(0.015 * scale * 16))
            cv2.ellipse(ink, nostril, axes, 12.0 * sign, 0, 360, 150, -1, cv2.LINE_AA, SHIFT)
        if clip.marks.lip_gap[index] < 0.03:
            stroke(ink, clip.lip_line[index], 110, thin)
        # Brows never leave the forehead, the lip line never the mouth: only that band is blended.
        g = self.identity.geometry
        band = slice(self.grid.row(g.brow_y - 0.3), self.grid.row(g.mouth_y + 0.25))
        canvas[band] = blend(canvas[band], self._head.ink_colour[band], ink[band] * np.float32(1 / 255))


@dataclass(frozen=True)
class PreparedClip:
    """A clip's curves in canvas pixels; lists are viewer's left and right."""

    units: np.ndarray
    gaze: np.ndarray
    marks: Landmarks
    lines: List[Tuple[np.ndarray, np.ndarray, int]]
    relief: List[Tuple[list, list, np.ndarray]]
    outline: np.ndarray
    brows: List[np.ndarray]
    eyes: List[np.ndarray]
    upper_lids: List[np.ndarray]
    lower_lids: List[np.ndarray]
    wings: List[np.ndarray]
    upper_lip: np.ndarray
    lower_lip: np.ndarray
    opening: np.ndarray
    lip_line: np.ndarray


def _relief_spots(identity: Identity, units: np.ndarray, marks: Landmarks, grid: CanvasGrid) -> list:
    """Soft parts that bulge or sink: (centres, full axes) in half-size canvas pixels, height in grey steps."""
    scale, spots = grid.px_per_unit / 2, []
    still = np.zeros(len(units))

    def add(x: np.ndarray, y: np.ndarray, wide: float, tall: float, height: np.ndarray) -> None:
        centres = list(zip(((x + still + grid.reach) * scale).tolist(), ((y + still + grid.reach) * scale).tolist()))
        spots.append((centres, [(2 * wide * scale, 2 * tall * scale)] * len(still), height))

    for side, (half, sign) in enumerate(zip(marks.sides, (-1, 1))):
        a = lambda unit, side=side: units[:, unit_row(unit), side]  # noqa: E731
        cheek = 50 * a(6) + 40 * a(12) + 20 * a(9) + 15 * a(10)
        add(0.40 * sign, 0.10 - 0.07 * a(6) - 0.04 * a(12), 0.15, 0.085, cheek)
        add(half.corner[:, 0] + 0.09 * sign, half.corner[:, 1] - 0.02, 0.05, 0.06, 45 * a(12) + 30 * a(14) + 30 * a(15))
        add(
            half.eye_centre[:, 0],
            half.eye_centre[:, 1] + 0.085,
            0.11,
            0.025,
            35 * a(6) + 25 * a(7) + 25 * identity.look.age,
        )
        add(
            half.brow_middle[:, 0, 0],
            half.brow_middle[:, 0, 1] + 0.03,
            0.07,
            0.04,
            60 * a(4) * (1 - 0.6 * a(1)) + 30 * a(9),
        )
        add(half.wing[:, 0] * 0.85, half.wing[:, 1], 0.04, 0.035, 25 + 25 * a(9) + 20 * a(38))
    lip = marks.lower_lip[:, marks.lower_lip.shape[1] * 3 // 4]
    add(lip[:, 0] * 0, lip[:, 1] - 0.035, 0.13, 0.03, still + 25)
    pull = units[:, unit_row(17)].mean(axis=-1)
    add(still, marks.chin[:, 1] - 0.13 - 0.02 * pull, 0.13, 0.09, 14 + 40 * pull)
    return spots
