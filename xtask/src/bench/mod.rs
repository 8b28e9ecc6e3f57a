//! `cargo xtask bench`: compares the library with its limits and its peers, and writes `benches/RESULTS.md`.

mod charts;
mod compile_time;
mod figures;
mod instructions;
mod machine;
mod peers;
mod plot;
mod results;
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, While};
use crate::postgres::{Prepared, Setting};
use crate::run::{self, cargo, say};
use figures::Figures;
use results::Circumstances;
use targets::Verdict;

/// The settings of a server of usual size. Settings that affect durability keep their defaults.
const SETTINGS: &[Setting] = &[
    ("max_connections", "300"),
    ("shared_buffers", "1GB"),
    // no checkpoint in the middle of a measurement
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "30min"),
];

/// The options of the command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    quick: bool,
    no_peers: bool,
    only: Option<String>,
    /// Count instructions instead of measuring time.
    instructions: bool,
    /// Record the counts.
    record: bool,
    /// Take the figures of ours and the limits that an earlier run measured, which stopped after them.
    resume: bool,
    /// Publish a part of the bench under this name, beside the results of the last whole run.
    publish: Option<String>,
}

impl Options {
    /// Reads `[--quick] [--only PATTERN] [--publish NAME] [--no-peers] [--resume]` or `--instructions [--record]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--no-peers" => options.no_peers = true,
                "--instructions" => options.instructions = true,
                "--record" => options.record = true,
                "--resume" => options.resume = true,
                "--only" => {
                    let pattern = rest.next().ok_or_else(|| {
                        Failure::new("--only needs a pattern, such as `--only \"postgres save 1 event\"`")
                    })?;
                    options.only = Some(pattern.clone());
                }
                "--publish" => {
                    let name = rest.next().filter(|name| is_plain(name)).ok_or_else(|| {
                        Failure::new(
                            "--publish needs a name of small letters and hyphens, such as `--publish commands`",
                        )
                    })?;
                    options.publish = Some(name.clone());
                }
                unknown => return Err(Failure::new(format!("`cargo xtask bench` does not know `{unknown}`"))),
            }
        }
        if options.record && !options.instructions {
            return Err(Failure::new(
                "--record needs --instructions: times are not recorded, but measured in each run",
            ));
        }
        if options.publish.is_some() && (options.quick || options.only.is_none()) {
            return Err(Failure::new(
                "--publish needs --only, and takes no --quick: a whole run is published anyway, and a quick one never",
            ));
        }
        Ok(options)
    }

    /// Returns whether a measurement is selected. The suite uses the same rule.
    fn wants(&self, title: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.split('|').any(|pattern| title.contains(pattern)))
    }

    fn rounds(&self) -> usize {
        if self.quick { 3 } else { 5 }
    }

    /// Returns whether this is the whole bench in full length. Only its results are published.
    fn is_whole(&self) -> bool {
        *self == Self { resume: self.resume, ..Self::default() }
    }

    fn line(&self) -> String {
        let mut line = "cargo xtask bench".to_owned();
        if self.quick {
            line.push_str(" --quick");
        }
        if self.no_peers {
            line.push_str(" --no-peers");
        }
        if self.resume {
            line.push_str(" --resume");
        }
        if let Some(only) = &self.only {
            line.push_str(&format!(" --only \"{only}\""));
        }
        if let Some(name) = &self.publish {
            line.push_str(&format!(" --publish {name}"));
        }
        line
    }
}

/// Measures, and writes the results.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    if options.instructions {
        return instructions::run(options.record);
    }
    say("==> building the suite");
    let suite = run::root().join("benches/suite/Cargo.toml");
    run::output_of(released(&suite, "build"))?;
    let Prepared { mut keeper, connection, name } = Prepared::find(false, SETTINGS)?;
    let mut figures = Figures::default();
    let mut about = Circumstances { line: options.line(), machine: machine::describe(), ..Circumstances::default() };
    let file = target().join("figures.tsv");
    if !options.resume {
        say(&format!("==> measuring ours and the limits, with {name}"));
        let mut command = Command::new(target().join("release/suite"));
        crate::environment::seal(&mut command);
        connection.export(&mut command);
        command.arg("--folder").arg(target().join("files")).arg("--figures").arg(&file);
        if options.quick {
            command.arg("--quick");
        }
        if let Some(only) = &options.only {
            command.args(["--only", only]);
        }
        keeper.run(command)?;
    }
    figures.read_suite(&fs::read_to_string(&file).while_doing(|| format!("reading {}", file.display()))?)?;
    if !options.no_peers {
        peers::run(options, &mut keeper, &connection, &mut figures, &mut about.left_out)?;
    }
    keeper.finish()?;
    // a failure must not lose what was measured
    match compile_time::run(options) {
        Ok(compiled) => about.compiled = compiled,
        Err(failure) => about.left_out.push(("compile time".to_owned(), failure.to_string())),
    }
    write(options, &figures, about)
}

/// Writes the results and the charts, and shows which targets were met.
fn write(options: &Options, figures: &Figures, mut about: Circumstances) -> Result<(), Failure> {
    // a quick or partial run does not replace the results of a whole run
    let is_published = options.is_whole() || options.publish.is_some();
    let folder = if is_published { run::root().join("benches") } else { target() };
    let store = |path: &Path, text: &str| fs::write(path, text).while_doing(|| format!("writing {}", path.display()));
    if options.publish.is_none() {
        let plots = folder.join("plots");
        fs::create_dir_all(&plots).while_doing(|| format!("making the folder {}", plots.display()))?;
        for (name, chart) in charts::of(figures) {
            store(&plots.join(name), &chart.to_svg())?;
            about.charts.push(name);
        }
    }
    about.is_part = options.only.is_some();
    let results = match &options.publish {
        Some(name) => folder.join(format!("RESULTS-{name}.md")),
        None => folder.join("RESULTS.md"),
    };
    store(&results, &results::document(figures, &about))?;
    say("\ntargets");
    for judged in targets::judge(figures) {
        let mark = match judged.verdict {
            Verdict::Met => "met    ",
            Verdict::NotMet => "NOT MET",
            Verdict::NotMeasured => continue,
        };
        say(&format!("  {mark}  {}: {} (wanted: {})", judged.measurement, judged.found, judged.wanted));
    }
    say(&format!("xtask: the results are in {}", results.display()));
    Ok(())
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Returns the target folder of the suite and the peers. It is separate from that of the tests, whose features differ.
fn target() -> PathBuf {
    run::target().join("bench")
}

/// Returns a cargo command, in the release profile, for a package of the bench, which is not part of the workspace.
fn released(manifest: &Path, verb: &str) -> Command {
    let mut command = cargo([verb, "--release", "--quiet", "--manifest-path"]);
    command.arg(manifest).env("CARGO_TARGET_DIR", target());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, Failure> {
        Options::parse(&arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_part_of_the_bench_is_not_the_whole() {
        assert!(parse(&[]).expect("no arguments").is_whole());
        assert!(parse(&["--resume"]).expect("valid arguments").is_whole());
        for part in [&["--quick"] as &[&str], &["--no-peers"], &["--only", "sqlite"], &["--resume", "--quick"]] {
            assert!(!parse(part).expect("valid arguments").is_whole());
        }
    }

    #[test]
    fn a_part_is_published_in_full_length_under_a_name_of_its_own() {
        let options = parse(&["--only", "cached", "--publish", "cache"]).expect("valid arguments");
        assert_eq!((options.publish.as_deref(), options.is_whole()), (Some("cache"), false));
        assert_eq!(options.line(), r#"cargo xtask bench --only "cached" --publish cache"#);
        for (wrong, why) in [
            (&["--publish", "cache"] as &[&str], "needs --only"),
            (&["--only", "cached", "--quick", "--publish", "cache"], "takes no --quick"),
            (&["--only", "cached", "--publish", "../cache"], "small letters and hyphens"),
            (&["--only", "cached", "--publish"], "small letters and hyphens"),
        ] {
            let text = parse(wrong).expect_err("accepted").to_string();
            assert!(text.contains(why), "{text}");
        }
    }

    #[test]
    fn several_patterns_are_alternatives() {
        let options = parse(&["--only", "sqlite save|log"]).expect("valid arguments");
        let titles = ["sqlite save 1 event, 1 task", "postgres read the log, 1 task", "postgres save 1 event, 1 task"];
        assert_eq!(titles.map(|title| options.wants(title)), [true, true, false]);
    }

    #[test]
    fn a_pattern_that_is_missing_is_asked_for() {
        let text = parse(&["--only"]).expect_err("accepted").to_string();
        assert!(text.contains("needs a pattern"), "{text}");
    }
}
