//! The stylesheets, the script and the icon. Their names contain a hash of their content, so that they can be kept for a year.

use std::fmt;
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use sha2::{Digest as _, Sha256};

/// A file that the pages need.
pub(crate) struct Asset {
    pub(crate) name: String,
    kind: &'static str,
    content: &'static [u8],
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asset").field("name", &self.name).finish_non_exhaustive()
    }
}

pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("css", "text/css; charset=utf-8", include_bytes!("assets/explorer.css")));
/// The rules that only the pages for operators need.
pub(crate) static OPERATIONS: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("css", "text/css; charset=utf-8", include_bytes!("assets/operations.css")));
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("js", "text/javascript; charset=utf-8", include_bytes!("assets/explorer.js")));
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("svg", "image/svg+xml", include_bytes!("assets/explorer.svg")));

impl Asset {
    fn new(extension: &str, kind: &'static str, content: &'static [u8]) -> Self {
        let hash: String = Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { name: format!("explorer-{hash}.{extension}"), kind, content }
    }

    pub(crate) fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.content));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        response
    }
}

/// Returns the asset of a name, which contains its hash.
pub(crate) fn named(name: &str) -> Option<&'static Asset> {
    [&*STYLE, &*OPERATIONS, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.name == name)
}
