//! The passes that it takes to see all of a type.

use serde::de::DeserializeOwned;

use super::pass::{Pass, Read};
use super::{Field, Shape};

/// The maximum number of passes in a row that look for accepted strings.
pub(super) const TRIES: usize = 64;

/// The maximum number of passes.
const PASSES: usize = 4_000;

impl Shape {
    /// Returns the shape of a type.
    pub(in crate::state) fn of<T: DeserializeOwned>() -> Self {
        let mut shape = Self::Unknown;
        shape.explore::<T>();
        let mut fields = Vec::new();
        shape.add_field_paths(&mut Vec::new(), &mut fields);
        fields.truncate(PASSES / TRIES);
        for path in fields {
            let Some((field, parents)) = path.split_last() else { continue };
            shape.prefer(parents, true);
            shape.find_out_about::<T>(parents, *field);
            shape.prefer(parents, false);
        }
        shape.find_out_about_texts::<T>();
        shape
    }

    /// Visits all variants and all fields.
    fn explore<T: DeserializeOwned>(&mut self) {
        let (mut forms, mut tries, mut blames) = (Vec::new(), TRIES, false);
        for _ in 0..PASSES {
            let mut pass = Pass::new(std::mem::take(&mut forms), blames);
            let read = pass.run::<T>(self);
            match read {
                Read::Panicked => return,
                Read::Accepted if !pass.has_learned => return,
                _ if pass.has_learned => {
                    (tries, blames) = (TRIES, false);
                    forms = pass.into_forms();
                }
                // no part can be left out any more
                _ if blames && !pass.has_blamed => return,
                _ if blames => (tries, blames) = (TRIES, false),
                _ if pass.has_recursed => blames = true,
                _ => {
                    tries -= 1;
                    match pass.other_forms() {
                        Some(others) if tries > 0 => forms = others,
                        _ => blames = true,
                    }
                }
            }
        }
    }

    /// Leaves out a field: the type is read without it, or with it under another name, or it is required.
    fn find_out_about<T: DeserializeOwned>(&mut self, parents: &[usize], field: usize) {
        self.change(parents, field, |field| field.is_left_out = true);
        let is_optional = self.is_read::<T>();
        let aliases: Vec<usize> = match self.at(parents) {
            Some(Self::Struct(fields)) => {
                fields.iter().enumerate().filter(|(_, other)| other.is_alias).map(|(place, _)| place).collect()
            }
            _ => Vec::new(),
        };
        let mut name = "";
        self.change(parents, field, |field| {
            field.is_optional = is_optional;
            name = field.name;
        });
        for alias in aliases {
            self.change(parents, alias, |alias| alias.is_alias = false);
            // another name of any other field is refused, because that field is given as well
            let is_other_name = self.is_read::<T>();
            self.change(parents, alias, |alias| {
                alias.is_alias = true;
                if is_other_name && alias.alias_of.is_none() {
                    alias.alias_of = Some(name);
                }
            });
        }
        self.change(parents, field, |field| field.is_left_out = false);
    }

    /// Returns whether the type is read without the field that is left out.
    fn is_read<T: DeserializeOwned>(&mut self) -> bool {
        let mut forms = Vec::new();
        for _ in 0..TRIES {
            let mut pass = Pass::new(forms, false);
            match pass.run::<T>(self) {
                Read::Accepted => return pass.has_left_out,
                Read::Panicked => return false,
                Read::Refused => match pass.other_forms() {
                    Some(others) => forms = others,
                    None => return false,
                },
            }
        }
        false
    }

    fn add_field_paths(&self, path: &mut Vec<usize>, paths: &mut Vec<Vec<usize>>) {
        let mut visit = |place: usize, part: &Self, is_field: bool| {
            path.push(place);
            if is_field {
                paths.push(path.clone());
            }
            part.add_field_paths(path, paths);
            path.pop();
        };
        match self {
            Self::Unknown | Self::Scalar(_) | Self::Text(_) | Self::Names(_) | Self::Recursive => {}
            Self::Optional(part) | Self::List(part) | Self::Map(_, part) if part.is_left_out => {}
            Self::Optional(part) | Self::List(part) | Self::Map(_, part) => visit(0, &part.shape, false),
            Self::Tuple(parts) => parts.iter().enumerate().for_each(|(place, part)| visit(place, part, false)),
            Self::Struct(fields) => {
                let own = fields.iter().enumerate().filter(|(_, field)| !field.is_alias);
                own.for_each(|(place, field)| visit(place, &field.shape, true));
            }
            Self::Enum(of) => {
                let readable = of.variants.iter().enumerate().filter(|(_, variant)| !variant.fails);
                readable.for_each(|(place, variant)| visit(place, &variant.content, false));
            }
        }
    }

    pub(super) fn at(&mut self, path: &[usize]) -> Option<&mut Self> {
        path.iter().try_fold(self, |shape, place| shape.part_mut(*place))
    }

    /// Chooses the variants on a path, or no longer.
    pub(super) fn prefer(&mut self, path: &[usize], prefers: bool) {
        let mut shape = Some(self);
        for place in path {
            let Some(here) = shape else { return };
            if let Self::Enum(of) = here {
                of.preferred = prefers.then_some(*place);
            }
            shape = here.part_mut(*place);
        }
    }

    fn change(&mut self, parents: &[usize], field: usize, change: impl FnOnce(&mut Field)) {
        if let Some(Self::Struct(fields)) = self.at(parents)
            && let Some(field) = fields.get_mut(field)
        {
            change(field);
        }
    }
}
