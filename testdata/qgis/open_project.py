"""Opens the project that a store holds, as the browser of QGIS does, and prints what is in it.

Usage: python3 open_project.py STORE
"""

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import QgsApplication, QgsProject  # noqa: E402

QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
store = sys.argv[1]
registry = QgsApplication.projectStorageRegistry()
project = QgsProject.instance()
found = {
    "projects": registry.projectStorageFromType("geopackage").listProjects("geopackage:" + store),
    "read": project.read(f"geopackage:{store}?projectName=railspan"),
    "crs": project.crs().authid(),
    "layers": [],
}
for layer in project.mapLayers().values():
    times = layer.temporalProperties()
    found["layers"].append(
        {
            "name": layer.name(),
            "valid": layer.isValid(),
            "trains": layer.featureCount(),
            "times": times.isActive(),
            "field": times.startField(),
            "colours": len(layer.renderer().ranges()),
            "labels": layer.labelsEnabled(),
        }
    )
# A user may keep projects of their own beside it.
found["saved"] = project.write(f"geopackage:{store}?projectName=own")
print(json.dumps(found), flush=True)
# Tearing the application down crashes in some versions.
os._exit(0)
