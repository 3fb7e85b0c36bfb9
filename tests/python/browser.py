"""Do the pages of runs work in a browser?

Trains some runs and opens the report of one, and the dashboard while another trains, in headless Chromium: light
and dark, 1280 and 600 pixels wide. Ends with 1 for an error on the console, a request to any other place, a curve without the points of
metrics.csv, a replay that does not advance, or a run that does not appear and grow. The pictures are in target/pages.

Needs tests/python/requirements.txt, Chromium (on Debian `apt-get install chromium`) and a release build of `rl`;
`cargo xtask gymnasium` sees to all but Chromium.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

import common

NAMES = ["chromium", "chromium-browser", "google-chrome"]
PICTURES = common.ROOT / "target/pages"
LOOKS = [("light", 1280), ("dark", 1280), ("light", 600), ("dark", 600)]
CURVES = "JSON.parse(document.getElementById('data').textContent).series.mean"


def check(holds, message):
    if not holds:
        sys.exit(f"error: {message}")


def chromium():
    """The path of the browser, or an end with a clear message."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    check(found, f"no browser: none of {', '.join(NAMES)} is there (on Debian `apt-get install chromium`)")
    return found


@contextlib.contextmanager
def opened(browser, url, scheme="light", width=1280):
    """A page that ends the script if it complains or asks for anything but the place it is from."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    faults = []
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((url, "data:")) else faults.append(f"asks for {asked.url}"))
    page.goto(url)
    yield page
    wide = page.evaluate("document.documentElement.scrollWidth")
    check(wide <= width, f"{url}: {wide} pixels wide, in a window of {width}")
    check(not faults, f"{url}: {faults}")
    context.close()


def wait_for(page, holds, message):
    """Waits until a condition holds. The pages forbid Playwright's own, which evaluates a text in them."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(100)
    check(False, message)


def picture(page, name):
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def compare(points, rows, name):
    """Points of a page against a column of metrics.csv, which it may round to six digits."""
    check(len(points) == len(rows), f"{name} has {len(points)} points, metrics.csv {len(rows)} rows")
    for point, row in zip(points, rows):
        same = point is None if np.isnan(row[name]) else point is not None and np.isclose(point, row[name], rtol=1e-5)
        check(same, f"{name} is {point} on the page, {row[name]} in metrics.csv")


def replay(page, name):
    """Plays a replay: it advances, its pictures change, and it can be moved."""
    box = page.locator("#replay")
    slider, button = box.get_by_label("Step"), box.get_by_role("button")
    pixels = "canvas => canvas.toDataURL()"
    step = lambda: int(slider.input_value())
    last = box.locator("canvas").last
    before = last.evaluate(pixels)
    check(step() == 0, f"{name}: the replay begins at step {step()}")
    button.click()
    wait_for(page, lambda: step() > 5, f"{name}: the replay stands at step {step()}")
    button.click()
    stopped = step()
    page.wait_for_timeout(300)
    check(step() == stopped, f"{name}: it goes on after a pause")
    check(last.evaluate(pixels) != before, f"{name}: the picture stays the same")
    slider.fill("3")
    check(step() == 3 and "step 3 of" in box.inner_text(), f"{name}: it cannot be moved")


def report(browser, directory):
    rows = common.read_csv(directory / "metrics.csv")
    url = (directory / "report.html").as_uri()
    for scheme, width in LOOKS:
        with opened(browser, url, scheme, width) as page:
            curves = page.evaluate(CURVES)
            for name in rows[0]:
                compare(curves[name], rows, name)
            drawn = page.locator("#curves canvas").count()
            check(drawn > 5, f"{drawn} curves")
            roles = page.locator("#replay figure").evaluate_all("all => all.map(one => one.dataset.role)")
            check(roles == ["first", "middle", "best", "last"], f"the policies are {roles}")
            replay(page, url)
            picture(page, f"report-{directory.name}-{scheme}-{width}")
    return len(rows)


def dash(browser, rl, runs):
    """The dashboard, while a run trains: it appears, and its curve grows."""
    served = subprocess.Popen([rl, "dash", runs, "--port", "0"], stdout=subprocess.PIPE, text=True)
    training = None
    try:
        url = served.stdout.readline().strip()
        with opened(browser, url) as page:
            page.wait_for_selector("tr[data-run=report]", timeout=20_000)
            command = [rl, "train", "--quiet", "--algo", "ppo", "--steps", "1e8", "--no-report", "--out", runs / "growing"]
            training = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            page.wait_for_selector("tr[data-run=growing] .state.running", timeout=20_000)
            for name in ("report", "growing"):
                page.get_by_label(f"Show {name}").check()
            page.wait_for_selector("#curves canvas", timeout=20_000)
            steps = "+document.querySelector('tr[data-run=growing] td:nth-child(9)').textContent.replaceAll(',', '')"
            before = page.evaluate(steps)
            wait_for(page, lambda: page.evaluate(steps) > before + 1000, "the run does not grow")
            page.get_by_role("button", name="Load").click()
            page.wait_for_selector("#replay canvas", timeout=20_000)
            replay(page, url)
            picture(page, "dash-light-1280")
            asked = page.request.get(f"{url}api/curves?run=report").json()["series"]["mean"]
            compare(asked["return_mean"], common.read_csv(runs / "report" / "metrics.csv"), "return_mean")
            training.send_signal(signal.SIGINT)
            training.wait(timeout=60)
            page.wait_for_selector("tr[data-run=growing] .state.interrupted", timeout=20_000)
        for scheme, width in LOOKS[1:]:
            with opened(browser, url, scheme, width) as page:
                for name in ("report", "growing"):
                    page.get_by_label(f"Show {name}").check()
                page.wait_for_selector("#curves canvas", timeout=20_000)
                picture(page, f"dash-{scheme}-{width}")
        served.send_signal(signal.SIGINT)
        check(served.wait(timeout=10) == 0, f"the dashboard ended with {served.returncode}")
    finally:
        for process in (served, training):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def main():
    rl = common.binary(common.parser(__doc__).parse_args().rl)
    program = chromium()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        runs = Path(place) / "runs"
        train = [rl, "train", "--quiet", "--out"]
        common.call([*train, runs / "report", "--algo", "ppo", "--steps", "30000", "--eval-every", "5", "--set", "gamma=0.97"])
        common.call([*train, runs / "pendulum", "--env", "pendulum", "--algo", "ppo", "--steps", "20000"])
        # Chromium has no sandbox for the superuser, as whom containers run.
        arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        rows = sum(report(browser, runs / name) for name in ("report", "pendulum"))
        dash(browser, rl, runs)
        browser.close()
    print(f"pages work in {Path(program).name}: {rows} rows of metrics on their curves; pictures in {PICTURES}")


if __name__ == "__main__":
    main()
