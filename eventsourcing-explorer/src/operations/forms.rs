//! The fields of a form that an operator sends.

use axum::body::Body;
use eventsourcing_core::Uuid;
use eventsourcing_core::projection::OperatorNote;

use crate::failure::Failure;

/// The longest form, in bytes: a reason is its longest part, and each of its bytes may take three.
const LONGEST: usize = 16 * 1024;

const UNREADABLE: Failure = Failure::BadRequest("The form cannot be read.");

/// The fields of a form, by name.
#[derive(Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    /// Reads the body of a request.
    pub(crate) async fn read(body: Body) -> Result<Self, Failure> {
        let body = axum::body::to_bytes(body, LONGEST).await.map_err(|_| UNREADABLE)?;
        Ok(Self(form_urlencoded::parse(&body).into_owned().collect()))
    }

    /// A field that the form must have.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Failure> {
        self.optional(name).ok_or(UNREADABLE)
    }

    /// A field that is not empty.
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.trim());
        field.filter(|value| !value.is_empty())
    }

    pub(crate) fn number(&self, name: &str) -> Result<u64, Failure> {
        let number = self.text(name)?.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
        number.ok_or(Failure::BadRequest("A number of the form is not a number from 0 to 2^63 - 1."))
    }

    pub(crate) fn id(&self, name: &str) -> Result<Uuid, Failure> {
        Uuid::try_parse(self.text(name)?).map_err(|_| Failure::BadRequest("The id of an aggregate is a UUID."))
    }

    /// The reason, if one was given.
    pub(crate) fn reason(&self) -> Result<Option<&str>, Failure> {
        match self.optional("reason") {
            Some(reason) if reason.len() > OperatorNote::MAX_REASON => {
                Err(Failure::BadRequest("The reason is longer than 4 KiB."))
            }
            reason => Ok(reason),
        }
    }
}
