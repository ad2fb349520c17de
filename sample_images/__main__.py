"""Make the sample courses: `python -m sample_images [--out DIR] [NAME ...]`."""

import argparse
from pathlib import Path

from tqdm import tqdm

from sample_images.course_folders import write_course
from sample_images.stories import STORIES


def main() -> None:
    """Render the named courses (all without a name) into folders of the same name."""
    names = [story.name for story in STORIES]
    parser = argparse.ArgumentParser(prog="python -m sample_images", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(names)}")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(names))
    if unknown:
        parser.error(f"no course is called {', '.join(unknown)}; choose from {', '.join(names)}")
    chosen = [story for story in STORIES if story.name in (arguments.names or names)]
    with tqdm(total=sum(len(story.pictures) for story in chosen), unit="photo") as progress:
        for story in chosen:
            progress.set_description(story.name)
            write_course(story, arguments.out / story.name, progress.update)
    print(f"{len(chosen)} course(s) written to {arguments.out}")


if __name__ == "__main__":
    main()
