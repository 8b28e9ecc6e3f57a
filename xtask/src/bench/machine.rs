//! The machine and the programs with which the figures were measured.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{self, output_of};

/// Returns names and values in the order to show. Values that this machine does not provide are left out.
pub(super) fn describe() -> Vec<(String, String)> {
    let facts = [
        ("date", first_line("date", &["-u", "+%Y-%m-%d %H:%M UTC"])),
        ("commit", commit()),
        ("processor", cpu()),
        ("cores", std::thread::available_parallelism().ok().map(|cores| cores.to_string())),
        ("memory", memory()),
        ("kernel", first_line("uname", &["-srm"])),
        ("file system", file_system(&run::target())),
        ("compiler", first_line("rustc", &["--version"])),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(run::root());
    let output = output_of(command).ok()?;
    output.lines().next().map(|line| line.trim().to_owned())
}

fn commit() -> Option<String> {
    let commit = first_line("git", &["rev-parse", "--short=12", "HEAD"])?;
    // a run changes the results itself
    let changed = first_line("git", &["status", "--porcelain", "--", ".", ":!benches/RESULTS.md", ":!benches/plots"]);
    Some(if changed.is_some() { format!("{commit}, with changes") } else { commit })
}

fn cpu() -> Option<String> {
    let linux = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| value_of(&text, "model name"));
    linux.or_else(|| first_line("sysctl", &["-n", "machdep.cpu.brand_string"]))
}

fn memory() -> Option<String> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kib: u64 = value_of(&text, "MemTotal")?.strip_suffix(" kB")?.parse().ok()?;
    Some(format!("{} MiB", kib / 1024))
}

/// Returns the value after a name and a colon.
fn value_of(text: &str, name: &str) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned()).next()
}

/// Returns the kind and the options of the file system of a folder.
fn file_system(folder: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let folder = folder.canonicalize().ok()?;
    let holds = |fields: &Vec<&str>| fields.get(1).is_some_and(|point| folder.starts_with(point));
    let mounted = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>()).filter(holds);
    let nearest = mounted.max_by_key(|fields| fields.get(1).map_or(0, |point| point.len()))?;
    Some(format!("{} ({})", nearest.get(2)?, nearest.get(3)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_name() {
        let text = "processor\t: 0\nmodel name\t: Quick 9000\n";
        assert_eq!(value_of(text, "model name").as_deref(), Some("Quick 9000"));
        assert_eq!(value_of(text, "model"), None);
    }
}
