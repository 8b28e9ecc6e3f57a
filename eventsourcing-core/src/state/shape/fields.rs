//! The fields of a struct, given in an order in which as many as possible are visited.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, Visitor};

use super::Field;
use super::pass::{Pass, Refused};
use super::tracer::Tracer;

/// The fields of a struct.
#[derive(Debug)]
pub(super) struct Fields<'t> {
    fields: &'t mut [Field],
    /// The places of the fields that are given, the last one first.
    left: Vec<usize>,
    /// The field whose name was given and whose value was not asked for.
    named: Option<usize>,
    pass: &'t mut Pass,
}

impl Fields<'_> {
    /// Visits a struct of these fields.
    pub(super) fn visit<'de, V: Visitor<'de>>(
        fields: &mut [Field],
        pass: &mut Pass,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let given = |(place, field): (usize, &Field)| (!field.is_alias && !field.is_left_out).then_some(place);
        let mut left: Vec<usize> = fields.iter().enumerate().filter_map(given).collect();
        pass.has_left_out |= fields.iter().any(|field| field.is_left_out);
        // a field that the type refuses comes last
        left.sort_by_key(|place| fields.get(*place).is_some_and(|field| field.fails));
        left.reverse();
        let mut fields = Fields { fields, left, named: None, pass };
        let visited = visitor.visit_map(&mut fields);
        // a field that came already under another name is refused before its value is asked for
        if let (true, Some(place)) = (visited.is_err(), fields.named)
            && let Some(field) = fields.fields.get_mut(place)
        {
            field.is_alias = true;
            fields.pass.has_learned = true;
        }
        visited
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        self.named = self.left.pop();
        let Some(field) = self.named.and_then(|place| self.fields.get(place)) else { return Ok(None) };
        let name: StrDeserializer<'_, Refused> = field.name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        let place = self.named.take();
        let field = place.and_then(|place| self.fields.get_mut(place)).ok_or(Refused::PLAIN)?;
        let visited = Tracer { shape: &mut field.shape, pass: &mut *self.pass }.part(seed);
        if visited.is_err() && !field.fails {
            field.fails = self.pass.blame();
        }
        visited
    }
}
