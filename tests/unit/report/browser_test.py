"""Opens the page of a small model in Chromium and checks what it drew. Skipped (status 77) where there is no Chromium.

python3 browser_test.py PROGRAM MODEL, with the program that writes pages.
"""

import html.parser
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Drawn(html.parser.HTMLParser):
    """The elements of a page with their attributes, and the text of each element that has an id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text[text.index("<body") : text.index('<script type="application/json"')])

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def count(self, name: str) -> int:
        return sum(name in (attributes.get("class") or "").split() for _, attributes in self.elements)

    def has_text(self, text: str) -> bool:
        return text in "".join(self.texts)


def drawn(browser: str, page: pathlib.Path, address: str, folder: str) -> Drawn:
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile", "--window-size=1280,800",
               "--virtual-time-budget=4000", "--dump-dom", f"{page.as_uri()}{address}"]
    return Drawn(subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout)


def check(condition: bool, what: str) -> None:
    if not condition:
        sys.exit(f"browser_test: {what}")


def main() -> None:
    program, model = sys.argv[1:]
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("browser_test: no Chromium on this machine")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder, "page.html")
        subprocess.run([program, model, page], check=True)
        overview = drawn(browser, page, "", folder)
        check(overview.has_text("Compilation") and overview.has_text("Keys"), "the overview is not there")
        check(overview.count("node") >= 3, "no graph was drawn")
        check(overview.count("label") >= 2 and overview.has_text("f32["), "edges have no shapes")
        check(overview.count("selected") == 0, "something is selected without being asked for")

        group = drawn(browser, page, "#group=0", folder)
        check(group.count("node") == overview.count("node"), "a selection changes the graph")
        check(group.count("selected") >= 2, "the selected group is not marked in graph and details")
        for title in ("Layer", "Group", "Step", "Kernel", "Kernel IR", "C++", "Assembly"):
            check(group.has_text(title), f"`{title}` is not shown for a group")
        check(group.has_text("void kernel_"), "the C++ of the group's kernel is not shown")

        memory = drawn(browser, page, "#storage=0&view=memory&theme=dark", folder)
        check(memory.count("lives") >= 1 and memory.has_text("peak at step"), "no memory plan was drawn")
        steps = drawn(browser, page, "#step=0&view=steps", folder)
        check(any(attributes.get("data-step") == "0" and "related" in (attributes.get("class") or "") for _, attributes in steps.elements),
              "the selected step is not marked in the table")
        layers = drawn(browser, page, "#graph=layers&layer=1", folder)
        check(layers.count("node") >= 3 and layers.has_text("as it was written"), "no graph of layers was drawn")


if __name__ == "__main__":
    main()
