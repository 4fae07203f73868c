"""Installs stf2m_ros where ROS 2 looks for it: a package on the path, its executables, and its data under share/."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = "stf2m_ros"
SHARED_FOLDERS = ("launch", "config", "models")


def shared_files():
    """Every file below the shared folders, as (folder below share/, files) pairs."""
    pairs = []
    for top in SHARED_FOLDERS:
        for folder in [Path(top), *sorted(p for p in Path(top).rglob("*") if p.is_dir() and p.name != "__pycache__")]:
            files = sorted(str(p) for p in folder.glob("*") if p.is_file())
            if files:
                pairs.append((f"share/{NAME}/{folder}", files))
    return pairs


setup(
    name=NAME,
    version="0.1.0",
    description="Fine-grained emotion sequences for medical robots, from a camera and a speech transcript",
    author="stf2m_ros maintainers",
    license="Apache-2.0",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["**/*.yaml", "**/*.npz", "**/*.j2"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *shared_files(),
    ],
    python_requires=">=3.8",
    install_requires=["setuptools"],
    zip_safe=True,
    entry_points={
        "console_scripts": [
            f"emotion_recognizer = {NAME}.node.emotion_recognizer_node:main",
            f"build_engine = {NAME}.cli.build_engine:main",
            f"benchmark = {NAME}.cli.benchmark:main",
            f"play = {NAME}.cli.play:main",
            f"demo = {NAME}.cli.demo:main",
            f"label = {NAME}.cli.label:main",
            f"train = {NAME}.cli.train:main",
            f"evaluate = {NAME}.cli.evaluate:main",
            f"example_recordings = {NAME}.cli.example_recordings:main",
        ]
    },
)
