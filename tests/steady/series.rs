//! The rule for leaks, tested with forged series: it finds a leak, and nothing else.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::watched::{Growth, Sample, Series};

const MIB: u64 = 1024 * 1024;

/// A series of a hundred samples.
fn series(sample: impl Fn(u64) -> Sample) -> Series {
    Series((0..100).map(sample).collect())
}

fn resources(series: &Series) -> Vec<&'static str> {
    series.growing().iter().map(|growth| growth.resource).collect()
}

/// The resources of a healthy process: its caches fill, and at times there are many requests.
fn healthy(at: u64) -> Sample {
    let peak = u64::from(at % 10 == 9);
    Sample {
        memory: (40 + 8 * at.min(20) + 100 * peak + at % 3) * MIB,
        files: 30 + at % 4 + 40 * peak,
        connections: 6 + at % 2 + 10 * peak,
    }
}

#[test]
fn caches_that_fill_and_peaks_are_no_leak() {
    assert_eq!(series(healthy).growing(), []);
}

#[test]
fn a_leak_of_any_of_the_resources_is_found_and_named() {
    type Leaking = fn(u64) -> Sample;
    let leaks: [(&str, Leaking); 3] = [
        ("memory", |at| Sample { memory: healthy(at).memory + at * MIB / 2, ..healthy(at) }),
        ("open files", |at| Sample { files: healthy(at).files + at / 4, ..healthy(at) }),
        ("connections", |at| Sample { connections: healthy(at).connections + at / 12, ..healthy(at) }),
    ];
    for (resource, leaking) in leaks {
        assert_eq!(resources(&series(leaking)), [resource]);
    }
}

#[test]
fn a_leak_that_begins_after_the_middle_is_found() {
    let leaking = |at: u64| Sample { files: healthy(at).files + at.saturating_sub(60), ..healthy(at) };
    assert_eq!(resources(&series(leaking)), ["open files"]);
}

#[test]
fn growth_is_told_by_the_medians_of_two_quarters() {
    let leaking = series(|at| Sample { connections: at, ..Sample::default() });
    let growth = Growth { resource: "connections", before: 37, after: 87, allowance: 2 };
    assert_eq!(leaking.growing(), [growth]);
}

#[test]
fn the_figures_that_are_shown_are_those_of_the_series() {
    let shown = series(|at| Sample { memory: (10 + at) * MIB, files: 200 - at, connections: 3 }).to_string();
    let expected = "100 samples: at the start, after a tenth, at most, at the end
  memory         10 MiB   20 MiB  109 MiB  109 MiB
  open files        200      190      200      101
  connections         3        3        3        3";
    assert_eq!(shown, expected);
    assert!(Series(Vec::new()).to_string().contains("on Linux only"));
}

/// Starts a shell with additional open files, and counts them.
#[cfg(target_os = "linux")]
#[test]
fn files_that_a_process_and_its_children_have_open_are_counted() {
    let files = |redirections: &str| {
        // the inner shell is a child of the outer one, which waits for it
        let script = format!("exec {redirections} 9</dev/null; sh -c 'echo ready; read end'; true");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let sample = Sample::of_family(shell.id());
        assert!(sample.memory > 0);
        drop(shell.stdin.take());
        shell.wait().unwrap();
        sample.files
    };
    assert_eq!(files("7</dev/null 8</dev/null"), files("") + 4, "two more in the shell, and two in its child");
}
