use std::path::PathBuf;

use eventsourcing::prelude::*;

#[aggregate]
pub struct Folder {
    path: PathBuf,
}

#[aggregate]
impl Folder {
    // `&Path` is stored as `PathBuf`
    #[event("Created")]
    pub fn new(path: &std::path::Path) -> Self {
        Self { path: path.to_owned() }
    }

    #[event("Moved")]
    pub fn move_to(&mut self, path: std::path::Path) {
        self.path = path.to_owned();
    }

    #[event("MovedIfAny")]
    pub fn move_if_any(&mut self, path: Option<std::path::Path>) {
        let _ = path;
    }

    #[event("Named")]
    pub fn name(&mut self, name: str, others: Vec<str>) {
        let _ = name;
    }

    #[event("Filled")]
    pub fn fill(&mut self, bytes: [u8], rows: &[[u8]]) {
        let _ = bytes;
    }

    #[event("Pointed")]
    pub fn point(&mut self, to: *const u8, call: fn(u8) -> u8) {
        let _ = to;
    }
}

fn main() {}
