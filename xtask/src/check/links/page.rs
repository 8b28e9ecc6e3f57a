//! The anchors and the links of a page of Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pulldown_cmark::{BrokenLink, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::slug;

/// The anchors, links and labels of a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The anchors of its headings.
    pub(super) anchors: BTreeSet<String>,
    /// The inline links, which have their targets beside their texts.
    pub(super) inline: Vec<Link>,
    /// The definitions of labels, whether or not a link uses them.
    pub(super) labels: BTreeMap<String, Link>,
    /// The labels that a link uses and that the page does not define.
    pub(super) undefined: Vec<Link>,
}

/// A link, or the definition of a label.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) line: usize,
    /// The target; for an undefined label, the label.
    pub(super) target: String,
}

impl Page {
    /// Reads the text of a page.
    pub(super) fn read(text: &str) -> Self {
        let mut page = Self::default();
        let link = |place: Range<usize>, target: &str| {
            let before = text.get(..place.start).unwrap_or_default();
            Link { line: before.matches('\n').count() + 1, target: target.to_owned() }
        };
        let mut undefined = Vec::new();
        let on_undefined = |broken: BrokenLink<'_>| {
            // `[text]` alone is usually not a link
            if matches!(broken.link_type, LinkType::Reference | LinkType::Collapsed) {
                undefined.push(link(broken.span, &broken.reference));
            }
            None
        };
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        let parser = Parser::new_with_broken_link_callback(text, options, Some(on_undefined));
        for (label, definition) in parser.reference_definitions().iter() {
            page.labels.insert(label.to_owned(), link(definition.span.clone(), &definition.dest));
        }
        let mut heading: Option<String> = None;
        for (event, place) in parser.into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = heading.take().map(|heading| slug::of(&heading, &page.anchors));
                    page.anchors.extend(anchor);
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::Start(
                    Tag::Link { link_type: LinkType::Inline, dest_url: target, .. }
                    | Tag::Image { link_type: LinkType::Inline, dest_url: target, .. },
                ) => page.inline.push(link(place, &target)),
                _ => {}
            }
        }
        page.undefined = undefined;
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_labels_are_found_with_their_lines() {
        let page = Page::read("# A\n\nSee [b](b.md#c) and [d][d].\n\n![plot](plot.svg)\n\n[d]: e.md\n");
        let link = |line, target: &str| Link { line, target: target.to_owned() };
        assert_eq!(page.inline, [link(3, "b.md#c"), link(5, "plot.svg")]);
        assert_eq!(page.labels.get("d"), Some(&link(7, "e.md")));
        assert!(page.undefined.is_empty());
    }

    #[test]
    fn a_label_without_definition_is_found() {
        let page = Page::read("An [ordinary] bracket, an [array][i].\n");
        assert_eq!(page.undefined, [Link { line: 1, target: "i".to_owned() }]);
    }

    #[test]
    fn code_has_no_links_and_no_headings() {
        let page = Page::read("`[a](b.md)`\n\n```sh\n# no heading\n[a](b.md)\n```\n");
        assert!(page.inline.is_empty() && page.anchors.is_empty());
    }

    #[test]
    fn a_heading_with_code_and_a_link_has_the_anchor_of_its_text() {
        let page = Page::read("# `MapperError` and [others](x.md)\n");
        assert!(page.anchors.contains("mappererror-and-others"), "{:?}", page.anchors);
    }
}
