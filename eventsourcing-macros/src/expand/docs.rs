//! Doc comments of the generated items, from the user's doc comments where they exist.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, parse_quote};

/// The part of a command's doc comment that documents its event: all before the first heading or code block.
///
/// Headings and examples are about the command, and examples should not run twice. Links to `Self` become links to the
/// aggregate.
pub(super) fn of_event(command: &[Attribute], aggregate: &Ident, event: &Ident) -> Vec<Attribute> {
    let mut kept = Vec::new();
    for text in command.iter().map_while(text) {
        let lines: Vec<&str> = text.lines().collect();
        let end = lines.iter().position(|line| starts_a_section(line));
        kept.extend(lines[..end.unwrap_or(lines.len())].iter().map(|line| with_links(line, aggregate)));
        if text.is_empty() {
            kept.push(String::new());
        }
        if end.is_some() {
            break;
        }
    }
    while kept.last().is_some_and(|line| line.trim().is_empty()) {
        kept.pop();
    }
    if kept.is_empty() {
        kept.push(format!(" The event `{event}` of `{aggregate}`."));
    }
    kept.iter().map(|line| attribute(line)).collect()
}

/// The doc comment of a parameter, or a default.
pub(super) fn of_field(parameter: &[Attribute], name: &Ident) -> Vec<Attribute> {
    if parameter.is_empty() { vec![attribute(&format!(" The parameter `{name}`."))] } else { parameter.to_vec() }
}

fn attribute(line: &str) -> Attribute {
    parse_quote!(#[doc = #line])
}

fn text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn starts_a_section(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("```") || line.starts_with("~~~") || line.starts_with("# ") || line.starts_with("## ")
}

fn with_links(line: &str, aggregate: &Ident) -> String {
    let name = aggregate.to_token_stream();
    line.replace("[`Self", &format!("[`{name}"))
        .replace("[Self", &format!("[{name}"))
        .replace("(Self::", &format!("({name}::"))
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens as _, format_ident};
    use syn::{ItemStruct, parse_quote};

    use super::of_event;

    fn docs(item: &ItemStruct) -> String {
        let docs = of_event(&item.attrs, &format_ident!("World"), &format_ident!("Started"));
        docs.iter().map(|doc| doc.to_token_stream().to_string()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn headings_and_examples_are_left_to_the_command() {
        let item = parse_quote! {
            /// Starts a world.
            ///
            /// Slowly.
            ///
            /// # Errors
            /// Some.
            struct S;
        };
        assert_eq!(docs(&item), "# [doc = \" Starts a world.\"]\n# [doc = \"\"]\n# [doc = \" Slowly.\"]");
        let item = parse_quote! {
            /** Starts.
            ```
            code
            ``` */
            struct S;
        };
        assert_eq!(docs(&item), "# [doc = \" Starts.\"]");
    }

    #[test]
    fn links_to_self_lead_to_the_aggregate() {
        let item = parse_quote! {
            /// See [`Self::new`], [that](Self::new) and [`Self`].
            struct S;
        };
        assert_eq!(docs(&item), "# [doc = \" See [`World::new`], [that](World::new) and [`World`].\"]");
    }

    #[test]
    fn an_event_whose_command_has_no_docs_has_some() {
        assert_eq!(
            docs(&parse_quote!(
                struct S;
            )),
            "# [doc = \" The event `Started` of `World`.\"]"
        );
    }
}
