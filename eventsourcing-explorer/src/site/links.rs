//! Links: relative, so that the pages work under any path, and with what the viewer has chosen.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::query::pairs;
use crate::failure::Failure;

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns a value as a part of a URL.
fn encoded(value: &str) -> String {
    utf8_percent_encode(value, KEPT).to_string()
}

/// How the viewer wants the pages to look. Each link repeats it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether times are in the zone of the browser.
    pub(crate) is_local: bool,
    /// `light` or `dark`; that of the system if it is not chosen.
    pub(crate) theme: Option<&'static str>,
}

impl Look {
    pub(crate) fn read(query: Option<&str>) -> Result<Self, Failure> {
        let mut look = Self::default();
        for (name, value) in pairs(query)? {
            match (&*name, &*value) {
                ("tz", "local") => look.is_local = true,
                ("theme", "light") => look.theme = Some("light"),
                ("theme", "dark") => look.theme = Some("dark"),
                _ => {}
            }
        }
        Ok(look)
    }

    fn pairs(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let zone = self.is_local.then_some(("tz", "local"));
        zone.into_iter().chain(self.theme.map(|theme| ("theme", theme)))
    }
}

/// The links of one page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    /// The way from the page to the mount, such as `../`.
    pub(crate) to_mount: &'static str,
    pub(crate) look: Look,
}

impl Links {
    /// A link to a path below the mount.
    pub(crate) fn to(&self, path: &str, parameters: &[(&'static str, String)]) -> String {
        self.with_look(path, parameters, self.look)
    }

    /// The same, with another look.
    pub(crate) fn with_look(&self, path: &str, parameters: &[(&'static str, String)], look: Look) -> String {
        format!("{}{path}{}", self.to_mount, query(parameters, look))
    }

    /// A link to the same page with other parameters. It is shorter than one with the path, which counts in a list.
    pub(crate) fn here(&self, parameters: &[(&'static str, String)]) -> String {
        match query(parameters, self.look) {
            // a link without a query would keep the one of the page
            query if query.is_empty() => "?".to_owned(),
            query => query,
        }
    }

    /// What a form repeats of the look, as hidden fields.
    pub(crate) fn fields(&self) -> Vec<(&'static str, &'static str)> {
        self.look.pairs().collect()
    }
}

fn query(parameters: &[(&'static str, String)], look: Look) -> String {
    let parameters = parameters.iter().map(|(name, value)| (*name, Cow::Borrowed(value.as_str())));
    let look = look.pairs().map(|(name, value)| (name, Cow::Borrowed(value)));
    let mut query = String::new();
    for (at, (name, value)) in parameters.chain(look).enumerate() {
        query.push(if at == 0 { '?' } else { '&' });
        query.extend([name, "=", &encoded(&value)]);
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_leave_their_parameter() {
        let links = Links { to_mount: "../", look: Look { is_local: true, theme: Some("dark") } };
        let url = links.to("Shop/log", &[("topic", "a&b=\"<c>#/../".to_owned())]);
        assert_eq!(url, "../Shop/log?topic=a%26b%3D%22%3Cc%3E%23%2F..%2F&tz=local&theme=dark");
    }
}
