//! The impl block around a misplaced attribute, from the source file.
//!
//! A macro on a method gets the method alone. The block tells what the error says, and whether another method says it. Where the
//! file cannot be read, such as in an editor, or is not understood, each method reports the error of its own.

use std::fs;

use proc_macro2::Ident;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, ImplItem, ImplItemFn, ItemImpl, ItemStruct};

use super::types::plain_name;

/// The name of the attribute that marks the place in the file.
const MARK: &str = "misplaced_attribute_of_eventsourcing";

/// An inherent impl block without `#[aggregate]`.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) name: Ident,
    /// Whether no earlier method of the block reports the error.
    pub(crate) is_first: bool,
    /// Whether the file has the struct, with `#[aggregate]`.
    pub(crate) has_struct: bool,
    /// Whether the file has another impl block of the type, with `#[aggregate]`.
    pub(crate) has_other: bool,
}

/// The impl block around the attribute that is expanded.
pub(crate) fn block_around(attribute: &str) -> Option<Block> {
    if !proc_macro::is_available() {
        return None;
    }
    let span = proc_macro::Span::call_site();
    let source = fs::read_to_string(span.local_file()?).ok()?;
    block_at(&source, (span.line(), span.column()), attribute)
}

/// The impl block around the attribute at this line and column, which count from 1.
fn block_at(source: &str, (line, column): (usize, usize), attribute: &str) -> Option<Block> {
    let before: usize = source.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let text = source.get(before..)?;
    let offset = before + text.char_indices().nth(column.checked_sub(1)?)?.0;
    let (before, after) = source.split_at_checked(offset)?;
    if !after.starts_with('#') {
        return None;
    }
    let mut file = syn::parse_file(&format!("{before}#[{MARK}] {after}")).ok()?;
    let mut finder = Finder { attribute, found: None, structs: Vec::new(), blocks: Vec::new() };
    finder.visit_file_mut(&mut file);
    let (name, is_first) = finder.found?;
    let (has_struct, has_other) = (finder.structs.contains(&name), finder.blocks.contains(&name));
    Some(Block { name, is_first, has_struct, has_other })
}

struct Finder<'a> {
    attribute: &'a str,
    found: Option<(Ident, bool)>,
    /// The structs with `#[aggregate]`.
    structs: Vec<Ident>,
    /// The types of the blocks with `#[aggregate]`.
    blocks: Vec<Ident>,
}

impl VisitMut for Finder<'_> {
    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        if has(&item.attrs, "aggregate") {
            self.structs.push(item.ident.clone());
        }
        visit_mut::visit_item_struct_mut(self, item);
    }

    fn visit_item_impl_mut(&mut self, block: &mut ItemImpl) {
        if let (None, Some(name)) = (&block.trait_, plain_name(&block.self_ty)) {
            if has(&block.attrs, "aggregate") {
                self.blocks.push(name.clone());
            } else if let Some(is_first) = is_marked_first(block, self.attribute) {
                self.found = Some((name.clone(), is_first));
            }
        }
        visit_mut::visit_item_impl_mut(self, block);
    }
}

/// Whether the marked method is the first one with the attribute; none if no method of the block is marked.
fn is_marked_first(block: &ItemImpl, attribute: &str) -> Option<bool> {
    let methods = block.items.iter().filter_map(|item| match item {
        ImplItem::Fn(method) if has(&method.attrs, attribute) => Some(method),
        _ => None,
    });
    let methods: Vec<&ImplItemFn> = methods.collect();
    let marked = methods.iter().find(|method| has(&method.attrs, MARK))?;
    // a method that is not always there cannot report the error for the others
    let first = methods.iter().find(|method| !is_conditional(method));
    Some(is_conditional(marked) || first.is_none_or(|first| has(&first.attrs, MARK)))
}

fn is_conditional(method: &ImplItemFn) -> bool {
    has(&method.attrs, "cfg") || has(&method.attrs, "cfg_attr")
}

/// Whether there is an attribute with this name, by any path.
fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().filter_map(|attribute| attribute.path().segments.last()).any(|last| last.ident == name)
}

#[cfg(test)]
mod tests {
    use super::{Block, block_at};

    const SOURCE: &str = r#"
#[aggregate]
struct World {}

mod änderungen {
    impl World {
        #[cfg(test)]
        #[event("Tested")]
        fn test() -> Self {}

        #[event("Started")]
        fn new() -> Self {}

        #[eventsourcing::event] fn see(&mut self) {}
    }
}

#[event]
fn alone() {}

impl Clone for World {
    #[event]
    fn clone(&self) -> Self {}
}

#[aggregate]
impl Other {}

impl Other {
    #[event]
    fn new() -> Self {}
}
"#;

    fn at(line: &str, attribute: &str) -> Option<Block> {
        let (number, text) = (1..).zip(SOURCE.lines()).find(|(_, text)| text.contains(line)).expect("a line");
        let column = text[..text.find(attribute).expect("an attribute")].chars().count() + 1;
        block_at(SOURCE, (number, column), "event")
    }

    #[test]
    fn the_first_method_that_is_always_there_reports_the_error() {
        let started = at("\"Started\"", "#[event").expect("a block");
        assert!(started.name == "World" && started.is_first && started.has_struct && !started.has_other);
        assert!(!at("fn see", "#[eventsourcing").expect("a block").is_first);
        assert!(at("\"Tested\"", "#[event").expect("a block").is_first);
    }

    #[test]
    fn another_block_with_the_attribute_is_found() {
        let position = SOURCE.lines().count() - 2;
        let other = block_at(SOURCE, (position, 5), "event").expect("a block");
        assert!(other.name == "Other" && other.has_other && !other.has_struct, "{other:?}");
    }

    #[test]
    fn other_places_are_in_no_block() {
        let alone = (1..).zip(SOURCE.lines()).find(|(_, text)| *text == "#[event]").expect("a line").0;
        assert!(block_at(SOURCE, (alone, 1), "event").is_none());
        let of_a_trait = (1..).zip(SOURCE.lines()).find(|(_, text)| text.contains("impl Clone")).expect("a line").0;
        assert!(block_at(SOURCE, (of_a_trait + 1, 5), "event").is_none());
        assert!(block_at(SOURCE, (1, 1), "event").is_none());
        assert!(block_at(SOURCE, (9_999, 1), "event").is_none());
        assert!(block_at(SOURCE, (0, 0), "event").is_none());
        assert!(block_at("#[event", (1, 1), "event").is_none());
    }
}
