"""What the checks and the experiments found, as figures, claims put to the test, and one HTML page.

>>> from byzbounds.reports.figures import draw
>>> figure = draw("lad.fig3", {"N": 200, "H": 150, "delta": 0.1})  # doctest: +SKIP
>>> from byzbounds.reports.report import build
>>> build("quick", "report")  # doctest: +SKIP
"""
