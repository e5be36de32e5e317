"""What the legends of a picture cover."""

import numpy as np


def covered_by_legends(figure):
    """Name what lies under a legend: points and lines of its own axes or of others."""
    figure.draw_without_rendering()
    legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
    boxes = [legend.get_window_extent() for legend in legends]
    covered = []
    for ax in figure.axes:
        for name, points in drawn_points(ax):
            inside = ax.bbox.contains
            seen = [point for point in points if inside(*point)]
            covered += [name for box in boxes if any(box.contains(*point) for point in seen)]
    return covered


def drawn_points(ax):
    """Give what is drawn, in pixels: points of lines and between them, scattered points, bars."""
    for line in ax.lines:
        points = line.get_transform().transform(line.get_xydata().astype(float))
        points = points[np.isfinite(points).all(axis=1)]
        if line.get_linestyle() not in ("None", "none", " ", "") and len(points) > 1:
            steps = np.linspace(0, 1, 20)[:, None, None]
            points = (points[:-1] + steps * np.diff(points, axis=0)).reshape(-1, 2)
        yield line.get_label(), points
    for collection in ax.collections:
        kind = type(collection).__name__
        if kind == "PathCollection":
            yield "points", collection.get_offset_transform().transform(collection.get_offsets())
        if "PolyCollection" in kind:
            for path in collection.get_paths():
                yield "band", collection.get_transform().transform(path.vertices)
    for bar in ax.patches:
        box = bar.get_window_extent()
        yield "bar", [box.p0 + box.size * [x, y] for x in (0.05, 0.5, 0.95) for y in (0.05, 0.95)]
