from pathlib import Path

import pytest

from stf2m_ros.cli.device_report import (
    Energy,
    NotReported,
    PowerMeter,
    find_meter,
    gpu_memory_mb,
    machine_name,
    measure_energy,
    power_mode,
)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def rail(root: Path, hwmon: int, number: int, label: str, millivolts: int, milliamperes: int) -> None:
    folder = root / f"sys/class/hwmon/hwmon{hwmon}"
    write(folder / "name", "ina3221\n")
    write(folder / f"in{number}_label", label + "\n")
    write(folder / f"in{number}_input", f"{millivolts}\n")
    write(folder / f"curr{number}_input", f"{milliamperes}\n")


def program(folder: Path, name: str, says: str) -> str:
    """A real program of that name; returns the folder as a search path."""
    write(folder / name, f"#!/bin/sh\ncat <<'END'\n{says}\nEND\n")
    (folder / name).chmod(0o755)
    return str(folder)


def test_the_rails_of_a_board_are_added_up(tmp_path: Path) -> None:
    rail(tmp_path, 3, 1, "VDD_GPU_SOC", 19000, 200)
    rail(tmp_path, 3, 2, "VDD_CPU_CV", 19000, 100)
    rail(tmp_path, 3, 3, "NC", 19000, 500)
    write(tmp_path / "sys/class/hwmon/hwmon3/in7_label", "Sum of shunt voltages\n")
    meter = find_meter(tmp_path, "")
    assert isinstance(meter, PowerMeter)
    assert meter.source == "board (VDD_GPU_SOC, VDD_CPU_CV)"
    assert meter.watts() == pytest.approx(5.7)


def test_where_one_rail_holds_all_others_it_alone_counts(tmp_path: Path) -> None:
    rail(tmp_path, 1, 1, "VDD_IN", 5000, 2000)
    rail(tmp_path, 1, 2, "VDD_CPU_GPU_CV", 5000, 800)
    meter = find_meter(tmp_path, "")
    assert isinstance(meter, PowerMeter)
    assert meter.watts() == pytest.approx(10.0)


def test_a_card_is_asked_through_nvidia_smi(tmp_path: Path) -> None:
    path = program(tmp_path, "nvidia-smi", "71.25")
    meter = find_meter(tmp_path, path)
    assert isinstance(meter, PowerMeter)
    assert meter.watts() == 71.25
    assert gpu_memory_mb(path) == 71.25


def test_a_card_that_does_not_tell_is_not_reported(tmp_path: Path) -> None:
    path = program(tmp_path, "nvidia-smi", "[N/A]")
    assert gpu_memory_mb(path) == NotReported("nvidia-smi does not tell")
    assert isinstance(find_meter(tmp_path, path), NotReported)


def test_energy_of_a_meter_is_its_power_over_the_time_that_the_work_took(tmp_path: Path) -> None:
    rail(tmp_path, 1, 1, "VDD_IN", 5000, 2000)
    energy = measure_energy(lambda: None, tmp_path, "")
    assert isinstance(energy, Energy)
    assert energy.joules == pytest.approx(10.0 * energy.seconds)


def test_a_meter_of_which_no_reading_is_a_number_is_not_reported(tmp_path: Path) -> None:
    rail(tmp_path, 1, 1, "VDD_IN", 5000, 2000)
    write(tmp_path / "sys/class/hwmon/hwmon1/in1_input", "error\n")
    energy = measure_energy(lambda: None, tmp_path, "")
    assert energy == NotReported("board (VDD_IN) told no number while it was asked")


def test_a_processor_counter_that_goes_over_its_range_began_anew(tmp_path: Path) -> None:
    counter = tmp_path / "sys/class/powercap/intel-rapl:0"
    write(counter / "name", "package-0\n")
    write(counter / "max_energy_range_uj", "10000000\n")
    write(counter / "energy_uj", "9000000\n")
    energy = measure_energy(lambda: write(counter / "energy_uj", "1000000\n"), tmp_path, "")
    assert isinstance(energy, Energy)
    assert energy.joules == pytest.approx(2.0)


def test_a_machine_that_tells_nothing_still_does_the_work_and_says_so(tmp_path: Path) -> None:
    done = []
    energy = measure_energy(lambda: done.append(1), tmp_path, "")
    assert done == [1]
    assert isinstance(energy, NotReported)
    assert "no INA sensor" in energy.reason


def test_the_power_mode_is_what_nvpmodel_calls_it(tmp_path: Path) -> None:
    assert power_mode(program(tmp_path, "nvpmodel", "NV Power Mode: MODE_30W\n3")) == "MODE_30W"
    assert power_mode("") == NotReported("there is no nvpmodel here")


def test_a_board_is_called_by_its_model_and_a_computer_by_its_processor(tmp_path: Path) -> None:
    write(tmp_path / "proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n")
    assert machine_name(tmp_path) == "Some CPU @ 2 GHz"
    write(tmp_path / "proc/device-tree/model", "NVIDIA Jetson AGX Xavier\0")
    assert machine_name(tmp_path) == "NVIDIA Jetson AGX Xavier"
