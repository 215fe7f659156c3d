"""The 3D scene: canvas, visuals, picking, camera, sun and pictures."""
