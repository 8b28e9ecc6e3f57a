//! The beginning of an event's fields on one line.

use super::fields::Field;
use crate::text::{beginning, push_escaped};

/// The longest text of a value in a preview, in bytes.
const VALUE: usize = 40;

/// Returns HTML with about `limit` bytes of text.
pub(crate) fn preview(fields: &[Field<'_>], limit: usize) -> String {
    line(fields, limit, |html, field| {
        html.push_str(&preview_value(field.value, VALUE));
        field.value.len().min(VALUE)
    })
}

/// Returns HTML with the names of the fields alone.
pub(crate) fn preview_hidden(fields: &[Field<'_>], limit: usize) -> String {
    line(fields, limit, |html, _| {
        html.push_str("<s></s>");
        5
    })
}

/// Returns HTML with the beginning of a value as it is written.
pub(crate) fn preview_value(value: &str, limit: usize) -> String {
    let (mut html, shown) = (String::new(), beginning(value, limit));
    push_escaped(&mut html, shown);
    if shown.len() < value.len() {
        html.push('…');
    }
    html
}

fn line(fields: &[Field<'_>], limit: usize, write: impl Fn(&mut String, &Field<'_>) -> usize) -> String {
    let (mut html, mut shown) = (String::new(), 0);
    for (at, field) in fields.iter().enumerate() {
        if shown >= limit {
            html.push('…');
            break;
        }
        if at > 0 {
            html.push_str(", ");
        }
        let key = field.key.trim_matches('"');
        html.push_str("<i>");
        push_escaped(&mut html, beginning(key, VALUE));
        html.push_str("</i> ");
        shown += beginning(key, VALUE).len() + 2 + write(&mut html, field);
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::fields;

    #[test]
    fn a_preview_ends_where_its_room_ends() {
        let json = format!(r#"{{"amount":12950,"note":"{}","currency":"EUR"}}"#, "x".repeat(1_000));
        let fields = fields(&json).expect("an object");
        assert_eq!(preview(&fields[..1], 60), "<i>amount</i> 12950");
        assert!(preview(&fields, 40).ends_with('…'));
        assert!(!preview_hidden(&fields, 100).contains("12950"));
    }
}
