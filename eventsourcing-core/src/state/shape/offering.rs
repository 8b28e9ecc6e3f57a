//! Offers samples of texts to each type that asks for a string, to find out which it takes.

use serde::de::DeserializeOwned;

use super::exploring::TRIES;
use super::pass::Pass;
use super::texts::{COUNT, Texts};
use super::{KEY, Shape};

/// The maximum number of parts that samples are offered to.
const PARTS: usize = 1_000;

impl Shape {
    /// Finds out which samples are taken, part by part.
    pub(super) fn find_out_about_texts<T: DeserializeOwned>(&mut self) {
        let mut paths = Vec::new();
        self.add_text_paths(&mut Vec::new(), &mut paths);
        for path in paths.into_iter().take(PARTS) {
            let mut tried = self.clone();
            tried.prefer(&path, true);
            tried.give(&path);
            let taken = tried.taken::<T>(&path);
            if let Some(Self::Text(texts)) = self.at(&path) {
                texts.taken = taken;
            }
        }
    }

    /// Returns the samples that a part takes; `None` if no type comes to it.
    fn taken<T: DeserializeOwned>(&mut self, path: &[usize]) -> Option<Vec<usize>> {
        let mut taken = Vec::new();
        for sample in 0..COUNT {
            *self.at(path)? = Self::Text(Texts { taken: None, offered: Some(sample) });
            if self.is_taken::<T>()? {
                taken.push(sample);
            }
        }
        Some(taken)
    }

    fn is_taken<T: DeserializeOwned>(&mut self) -> Option<bool> {
        let mut forms = Vec::new();
        for _ in 0..TRIES {
            let mut pass = Pass::new(forms, false);
            pass.run::<T>(self);
            if let Some(is_taken) = pass.is_taken() {
                return Some(is_taken);
            }
            // a text before it is refused
            forms = pass.other_forms()?;
        }
        None
    }

    fn add_text_paths(&self, path: &mut Vec<usize>, paths: &mut Vec<Vec<usize>>) {
        let mut visit = |place: usize, part: &Self| {
            path.push(place);
            part.add_text_paths(path, paths);
            path.pop();
        };
        match self {
            Self::Unknown | Self::Scalar(_) | Self::Names(_) | Self::Recursive => {}
            Self::Text(_) => paths.push(path.clone()),
            Self::Optional(part) | Self::List(part) => visit(0, &part.shape),
            Self::Map(key, part) => {
                visit(KEY, key);
                visit(0, &part.shape);
            }
            Self::Tuple(parts) => parts.iter().enumerate().for_each(|(place, part)| visit(place, part)),
            Self::Struct(fields) => {
                let own = fields.iter().enumerate().filter(|(_, field)| !field.is_alias);
                own.for_each(|(place, field)| visit(place, &field.shape));
            }
            Self::Enum(of) => {
                of.variants.iter().enumerate().for_each(|(place, variant)| visit(place, &variant.content));
            }
        }
    }

    /// Gives the parts on a path that are left out, because a type refuses them or contains itself.
    fn give(&mut self, path: &[usize]) {
        let mut shape = Some(self);
        for place in path {
            let Some(here) = shape else { return };
            if let Self::Optional(part) | Self::List(part) | Self::Map(_, part) = here {
                part.is_left_out = false;
            }
            shape = here.part_mut(*place);
        }
    }
}
