"""Windows, panels, tools, the 3D scene and pictures; Qt and VTK live here and nowhere else."""
