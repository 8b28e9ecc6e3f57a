//! The file of an export: it has another name until it is whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use eventsourcing::recording::LogPosition;

use super::digest::LogDigest;
use super::line::{Header, Line, States};
use crate::failure::Failure;

/// A file that is renamed once it is whole.
pub(super) struct PartFile {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
}

/// What an interrupted export has already.
pub(super) struct Exported {
    pub(super) header: Header,
    pub(super) position: LogPosition,
    pub(super) digest: LogDigest,
    pub(super) dictionary: u32,
    /// Whether only the name of the file is missing.
    pub(super) is_whole: bool,
}

impl PartFile {
    /// Creates the file. It has decrypted events, and so it is readable by its owner alone.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let part = part_of(path);
        for taken in [path, part.as_path()] {
            if taken.exists() {
                return Err(Failure::FileExists { path: taken.to_owned() });
            }
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&part).map_err(Failure::file(format!("creating {}", part.display())))?;
        Ok(Self { path: path.to_owned(), part, file: BufWriter::new(file) })
    }

    /// Opens the file of an interrupted export, without the line that was cut off.
    pub(super) fn resume(path: &Path) -> Result<(Self, Exported), Failure> {
        let part = part_of(path);
        if path.exists() {
            return Err(Failure::FileExists { path: path.to_owned() });
        }
        let doing = || format!("reading {}", part.display());
        let mut file = OpenOptions::new().read(true).write(true).open(&part).map_err(Failure::file(doing()))?;
        let (exported, len) = read(&file, &part)?;
        file.set_len(len).map_err(Failure::file(doing()))?;
        file.seek(SeekFrom::Start(len)).map_err(Failure::file(doing()))?;
        Ok((Self { path: path.to_owned(), part, file: BufWriter::new(file) }, exported))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(Failure::file(format!("writing {}", self.part.display())))
    }

    /// Writes what is kept in the buffer, and returns the file's name.
    pub(super) fn keep(&mut self) -> Result<PathBuf, Failure> {
        self.file.flush().map_err(Failure::file(format!("writing {}", self.part.display())))?;
        Ok(self.part.clone())
    }

    /// Gives the file its name, once it is on the disk.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let doing = format!("writing {}", self.part.display());
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).map_err(Failure::file(doing))?;
        fs::rename(&self.part, &self.path).map_err(Failure::file(format!("renaming {}", self.part.display())))
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".part");
    name.into()
}

/// Reads the whole lines of a file, and returns their length.
fn read(file: &File, path: &Path) -> Result<(Exported, u64), Failure> {
    let bad = |reason: &str| Failure::NotResumable { path: path.to_owned(), reason: reason.to_owned() };
    let mut lines = BufReader::new(file);
    let (mut exported, mut len): (Option<Exported>, u64) = (None, 0);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let reading = Failure::file(format!("reading {}", path.display()));
        let count = lines.read_until(b'\n', &mut bytes).map_err(reading)?;
        if bytes.pop() != Some(b'\n') {
            break;
        }
        let states = exported.as_ref().map(|exported| exported.header.states);
        match (Line::read(&bytes, states).map_err(|reason| bad(&reason))?, &mut exported) {
            (Line::Header(header), none @ None) => {
                let position = LogPosition { id: header.after, anchor: header.anchor };
                let digest = LogDigest::default();
                *none = Some(Exported { header, position, digest, dictionary: 0, is_whole: false });
            }
            (Line::Dictionary(dictionary), Some(exported)) => exported.dictionary = dictionary.id,
            (Line::Event(position, event), Some(exported)) => {
                exported.position = LogPosition::anchored(position, event.append_id);
                let event = event.as_ref().notification(position);
                match exported.header.states {
                    States::Sealed => exported.digest.add_sealed(event),
                    States::Json => exported.digest.add_json(event, event.state),
                }
            }
            (Line::End(_), Some(exported)) => exported.is_whole = true,
            _ => return Err(bad("its lines are in the wrong order")),
        }
        len += u64::try_from(count).unwrap_or(u64::MAX);
    }
    exported.map(|exported| (exported, len)).ok_or_else(|| bad("it has not even a header"))
}
