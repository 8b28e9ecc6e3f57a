//! The variant of an enum that a pass visits.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor};

use super::fields::Fields;
use super::pass::{Pass, Refused};
use super::tracer::{Items, Tracer};
use super::{Enum, Field, Shape, Variant};

/// The chosen variant.
#[derive(Debug)]
pub(super) struct Chosen<'t> {
    name: &'static str,
    content: &'t mut Shape,
    pass: &'t mut Pass,
}

impl Chosen<'_> {
    /// Visits a variant of the enum: one that was not visited before, if there is one.
    pub(super) fn visit<'de, V: Visitor<'de>>(of: &mut Enum, pass: &mut Pass, visitor: V) -> Result<V::Value, Refused> {
        let place = of.choice();
        let Some(variant) = of.variants.get_mut(place) else { return Err(Refused::PLAIN) };
        pass.has_learned |= !variant.is_visited;
        variant.is_visited = true;
        let visited =
            visitor.visit_enum(Chosen { name: variant.name, content: &mut variant.content, pass: &mut *pass });
        if visited.is_err() && !variant.fails {
            variant.fails = pass.blame();
        }
        visited
    }

    fn note(&mut self, shape: impl FnOnce() -> Shape) {
        if matches!(self.content, Shape::Unknown) {
            *self.content = shape();
            self.pass.has_learned = true;
        }
    }
}

impl Enum {
    fn choice(&self) -> usize {
        let first = |wanted: fn(&Variant) -> bool| self.variants.iter().position(wanted);
        self.preferred
            .or_else(|| first(|variant| !variant.is_visited && !variant.fails))
            .or_else(|| first(Variant::has_unvisited))
            .or_else(|| first(|variant| !variant.fails))
            .unwrap_or(0)
    }
}

impl<'de> EnumAccess<'de> for Chosen<'_> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Refused> {
        let name: StrDeserializer<'_, Refused> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Chosen<'_> {
    type Error = Refused;

    fn unit_variant(mut self) -> Result<(), Refused> {
        self.note(|| Shape::Scalar("unit"));
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Refused> {
        Tracer { shape: self.content, pass: self.pass }.part(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        self.note(|| Shape::Tuple(vec![Shape::Unknown; len]));
        let Shape::Tuple(parts) = self.content else { return Err(Refused::PLAIN) };
        visitor.visit_seq(Items { parts, next: 0, len, pass: self.pass })
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.note(|| Shape::Struct(fields.iter().copied().map(Field::named).collect()));
        let Shape::Struct(fields) = self.content else { return Err(Refused::PLAIN) };
        Fields::visit(fields, self.pass, visitor)
    }
}
