//! A value as JSON, or the reason why it has none.

use serde::Serialize;
use serde_json::Value;

use super::finite::is_finite;
use super::json_error::JsonError;

const NOT_FINITE: &str = "it contains a floating-point number that is NaN or infinite, which JSON cannot represent";

/// Returns a value as JSON. A number that JSON cannot represent is an error, where serde_json writes `null`.
pub(crate) fn json_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, JsonError> {
    let json = serde_json::to_value(value).map_err(|error| JsonError::from(&error))?;
    if is_finite(value) { Ok(json) } else { Err(JsonError::new(NOT_FINITE)) }
}
