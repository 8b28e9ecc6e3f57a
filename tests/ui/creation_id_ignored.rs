use eventsourcing::prelude::*;

#[aggregate]
pub struct Order {
    customer: Uuid,
    lines: Vec<Uuid>,
}

#[aggregate]
impl Order {
    #[event("Placed")]
    pub fn place(id: Uuid, customer: Uuid) -> Self {
        Self { customer, lines: vec![id] }
    }

    #[event("Imported", topic = "Order.Taken")]
    pub fn import(number: &str, id: impl Into<String>) -> Result<Self> {
        Ok(Self { customer: Uuid::new_v5(&Uuid::nil(), id.into().as_bytes()), lines: vec![Uuid::from_u128(number.len() as u128)] })
    }

    #[event(struct = Copied)]
    pub fn copy(r#id: Uuid) -> Self {
        Self { customer: id, lines: vec![] }
    }

    // these say which id it is, or are no creation
    #[event("Created", id = id)]
    pub fn create(id: Uuid) -> Self {
        Self { customer: id, lines: vec![] }
    }

    #[event("Drafted", id = Uuid::new_v4())]
    pub fn draft(id: Uuid) -> Self {
        Self { customer: id, lines: vec![] }
    }

    #[event("Extended")]
    pub fn extend(&mut self, id: Uuid) {
        self.lines.push(id);
    }
}

/// An event of one's own.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Copied {
    id: Uuid,
}

fn main() {}
