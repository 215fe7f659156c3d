"""What files hold, what each is for, where on Earth they lie; asked before anything is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFormLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from layers.crs import describe
from layers.crs_guess import Candidate
from layers.errors import CrsError
from layers.readers.registry import SourcePreview
from twin.recipe import SourceRequest
from viewers.dialogs.crs_field import CrsField, metric, titled, unique
from viewers.dialogs.frame import Dialog
from viewers.dialogs.import_source import Source, SourceForm
from viewers.i18n import said_error, tr
from viewers.panels.kinds import KINDS, ROLES
from viewers.panels.words import field_label, label
from viewers.theme import icon


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What is to be built; `crs` "" lets the data decide."""

    sources: tuple[SourceRequest, ...]
    name: str
    crs: str


class ImportDialog(Dialog):
    """Returns `request()` when accepted.

    Parameters
    ----------
    paths
        Files being looked at; their previews come later through `show_previews`.
    project_crs
        CRS of the city the files are added to, "" for a new city.
    """

    def __init__(
        self, paths: Sequence[Path], *, project_crs: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._waiting = set(paths)
        self._project_crs = project_crs
        self._sources: list[Source] = []
        self._failures: list[tuple[Path, BaseException]] = []
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._list = QListWidget()
        self._list.setIconSize(QSize(18, 18))
        self._list.currentRowChanged.connect(self._show_row)
        self._list.itemChanged.connect(self._take_check)
        self._form = SourceForm()
        self._form.changed.connect(self._check)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._list)
        split.addWidget(self._form)
        split.setSizes([300, 460])
        split.setChildrenCollapsible(False)
        self._name = QLineEdit(_name_for(paths))
        self._name.textChanged.connect(self._check)
        self._crs = CrsField()
        self._crs.changed.connect(self._check)
        self._words = [field_label(), field_label()]
        self._fixed_crs = label("value", titled(project_crs) if project_crs else "")
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.setSpacing(9)
        form.addRow(self._words[0], self._name)
        form.addRow(self._words[1], self._fixed_crs if project_crs else self._crs)
        form.setRowVisible(0, not project_crs)
        self._problem = label("danger", wrap=True)
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._busy)
        column.addWidget(split, 1)
        column.addLayout(form)
        column.addWidget(self._problem)
        self.body.addWidget(box)
        self.resize(860, 640)
        self._form.show_source(None)
        self._offer_project_crs()
        self.retranslate()

    # -- show -------------------------------------------------------------------------------

    def show_previews(
        self,
        path: Path,
        previews: Sequence[SourcePreview],
        fitting: Sequence[tuple[Candidate, ...]] = (),
    ) -> None:
        """What `path` holds; `fitting` are the systems that would fit each, where a worker looked."""
        self._waiting.discard(path)
        for place, preview in enumerate(previews):
            source = Source(path=path, preview=preview, wanted=preview.count != 0)
            source.fitting = fitting[place] if place < len(fitting) else None
            self._add(source)
        self._after_answer()

    def show_failure(self, path: Path, error: BaseException) -> None:
        """Why `path` cannot be read; it stays in the list, to be read, not chosen."""
        self._waiting.discard(path)
        self._failures.append((path, error))
        item = QListWidgetItem(icon("error"), path.name)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        item.setToolTip("\n".join(part for part in said_error(error) if part))
        self._list.addItem(item)
        self._after_answer()

    def _add(self, source: Source) -> None:
        item = QListWidgetItem(icon(_icon(source.preview)), source.name)
        item.setData(Qt.ItemDataRole.UserRole, len(self._sources))
        item.setFlags(
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsUserCheckable
        )
        item.setToolTip(str(source.path))
        self._sources.append(source)
        item.setCheckState(Qt.CheckState.Checked if source.wanted else Qt.CheckState.Unchecked)
        self._list.addItem(item)

    def _after_answer(self) -> None:
        self._busy.setVisible(bool(self._waiting))
        if self._list.currentRow() < 0 and self._sources:
            for row in range(self._list.count()):
                if self._list.item(row).data(Qt.ItemDataRole.UserRole) is not None:
                    self._list.setCurrentRow(row)
                    break
        self._offer_project_crs()
        self._check()

    def _show_row(self, row: int) -> None:
        source = self._source_at(row)
        if source is not None:
            self._form.show_source(source)

    def _source_at(self, row: int) -> Source | None:
        item = self._list.item(row)
        index = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        return self._sources[index] if index is not None else None

    def _offer_project_crs(self) -> None:
        """Keep what was chosen; else let the data decide, which takes the first metric CRS."""
        try:
            chosen = self._crs.crs()
        except CrsError:
            return
        found = [s.crs or s.preview.crs for s in self._sources if s.wanted]
        found += [c for s in self._sources for c in s.preview.candidates]
        offered = [crs for crs in unique(found) if metric(crs)]
        self._crs.show_crs(chosen, offered, empty=tr("As the data"))

    # -- ask --------------------------------------------------------------------------------

    def request(self) -> ImportRequest:
        """What was chosen."""
        return ImportRequest(
            sources=tuple(s.request() for s in self._sources if s.wanted),
            name=self._name.text().strip(),
            crs=self._project_crs or self._crs.crs(),
        )

    def problem(self) -> str:
        """Why it cannot be built as it stands; "" if it can."""
        wanted = [source for source in self._sources if source.wanted]
        if self._waiting:
            return tr("Looking into {name}…", name=sorted(p.name for p in self._waiting)[0])
        if not wanted:
            return tr("Nothing is chosen") if self._sources else tr("None of these can be read")
        for source in wanted:
            if source.wrong or source.missing_crs:
                why = source.wrong or tr("A coordinate system is needed")
                return f"{source.name}: {why}"
        if self._project_crs:
            return ""
        if not self._name.text().strip():
            return tr("The city needs a name")
        return self._crs.problem() or self._unfit()

    def _unfit(self) -> str:
        crs = self._crs.crs()
        if crs and not metric(crs):
            name = describe(crs).name
            return tr("A city stands in metres: {name} cannot be its system.", name=name)
        return ""

    def _take_check(self, item: QListWidgetItem) -> None:
        index = item.data(Qt.ItemDataRole.UserRole)
        if index is not None:
            self._sources[index].wanted = item.checkState() == Qt.CheckState.Checked
            self._check()

    def _check(self) -> None:
        problem = self.problem()
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self.accept_button.setEnabled(not problem)

    def retranslate(self) -> None:
        title = tr("Add files to the city") if self._project_crs else tr("Build a city from files")
        self.say_frame(title, tr("Add") if self._project_crs else tr("Build"))
        self._words[0].setText(tr("Name of the city"))
        self._words[1].setText(tr("System of the project"))
        self._list.setAccessibleName(tr("Sources"))
        self._check()


def _name_for(paths: Sequence[Path]) -> str:
    """One file gives its own name, several the name of their folder."""
    if not paths:
        return ""
    return paths[0].stem if len(paths) == 1 else paths[0].parent.name


def _icon(preview: SourcePreview) -> str:
    if preview.kind == "features":
        known = preview.role in ROLES and preview.role not in ("", "lidar", "ground", "surface")
        return preview.role if known else "features"
    return preview.kind if preview.kind in KINDS else "file"
