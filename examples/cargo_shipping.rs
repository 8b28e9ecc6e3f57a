//! Cargo shipping: events are facts from outside, and the state of a delivery is derived from them.
//!
//! A cargo is booked, gets a route, and is handled in ports: received, loaded, unloaded, claimed. What was handled is a fact. The aggregate
//! records it also if it contradicts the route, and `Cargo::delivery` compares the facts with the plan: where the cargo is, what should
//! happen next, when it arrives, and whether it is misdirected. None of that is recorded, so the rules for it can change later.
//!
//! ```console
//! $ cargo run --example cargo_shipping
//! ```

use std::iter::once;

use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Port {
    Rotterdam,
    Lisbon,
    CapeTown,
    Santos,
}

/// A part of a route: a voyage from one port to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    voyage: String,
    from: Port,
    to: Port,
    departs: Timestamp,
    arrives: Timestamp,
}

/// What is done to a cargo in a port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Activity {
    Received,
    Loaded { voyage: String },
    Unloaded { voyage: String },
    Claimed,
}

/// An activity and its port: what should be done next, or was done.
pub type Step = (Activity, Port);

#[derive(Clone, Debug, PartialEq)]
pub enum Transport {
    NotReceived,
    InPort(Port),
    OnBoard { voyage: String },
    Claimed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Routing {
    NotRouted,
    Routed,
    /// The route leads elsewhere than to the destination, which has changed since.
    Misrouted,
}

/// What is known about a cargo: derived each time, and recorded nowhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    transport: Transport,
    routing: Routing,
    is_misdirected: bool,
    /// None if the cargo is not where its route says.
    next: Option<Step>,
    /// None if the cargo is not on its way to the destination.
    arrives: Option<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
pub enum ShippingError {
    #[error("the cargo is claimed already")]
    Claimed,
    #[error("the cargo is on board of {voyage}; assign a route once it is unloaded")]
    OnBoard { voyage: String },
    #[error("the route does not lead from {from:?} to {to:?} by {due}")]
    RouteDoesNotFit { from: Port, to: Port, due: Timestamp },
    #[error(transparent)]
    Library(#[from] Error),
}

#[aggregate]
#[derive(Debug)]
pub struct Cargo {
    origin: Port,
    destination: Port,
    due: Timestamp,
    route: Vec<Leg>,
    /// What was handled, oldest first.
    steps: Vec<Step>,
    /// How many steps were handled before the route was assigned.
    steps_before_route: usize,
    last_handled: Option<Timestamp>,
}

#[aggregate]
impl Cargo {
    #[event("Booked")]
    pub fn book(origin: Port, destination: Port, due: Timestamp) -> Self {
        Self {
            origin,
            destination,
            due,
            route: Vec::new(),
            steps: Vec::new(),
            steps_before_route: 0,
            last_handled: None,
        }
    }

    #[event("DestinationChanged")]
    pub fn change_destination(&mut self, destination: Port) {
        self.destination = destination;
    }

    #[event("RouteAssigned")]
    fn route_assigned(&mut self, route: Vec<Leg>) {
        self.route = route;
        self.steps_before_route = self.steps.len();
    }

    /// `completed` is when it was done; the event's own timestamp is when it was recorded.
    #[event("Handled")]
    fn handled(&mut self, activity: Activity, port: Port, completed: Timestamp) {
        self.steps.push((activity, port));
        self.last_handled = Some(completed);
    }

    /// A plan is the company's own decision, so one that does not fit is refused.
    pub fn assign_route(&mut self, route: &[Leg]) -> Result<(), ShippingError> {
        let from = match self.transport() {
            Transport::NotReceived => self.origin,
            Transport::InPort(port) => port,
            Transport::OnBoard { voyage } => return Err(ShippingError::OnBoard { voyage }),
            Transport::Claimed => return Err(ShippingError::Claimed),
        };
        let begins = route.first().is_some_and(|leg| leg.from == from);
        let ends = route.last().is_some_and(|leg| leg.to == self.destination && leg.arrives <= self.due);
        let connects = |(leg, next): (&Leg, &Leg)| leg.to == next.from && leg.arrives <= next.departs;
        if !begins || !ends || !route.iter().zip(route.iter().skip(1)).all(connects) {
            return Err(ShippingError::RouteDoesNotFit { from, to: self.destination, due: self.due });
        }
        self.route_assigned(route.to_vec());
        Ok(())
    }

    /// A fact is recorded also if it is not what was planned.
    pub fn handle(&mut self, activity: Activity, port: Port, completed: Timestamp) -> Result<(), ShippingError> {
        if self.transport() == Transport::Claimed {
            return Err(ShippingError::Claimed);
        }
        self.handled(activity, port, completed);
        Ok(())
    }

    pub fn transport(&self) -> Transport {
        match self.steps.last() {
            None => Transport::NotReceived,
            Some((Activity::Received | Activity::Unloaded { .. }, port)) => Transport::InPort(*port),
            Some((Activity::Loaded { voyage }, _)) => Transport::OnBoard { voyage: voyage.clone() },
            Some((Activity::Claimed, _)) => Transport::Claimed,
        }
    }

    pub fn delivery(&self) -> Delivery {
        let plan = self.plan();
        let handled = &self.steps[self.steps_before_route..];
        let is_misdirected = handled.iter().any(|step| !plan.contains(step));
        let next = match handled.last() {
            None => plan.first(),
            Some(last) => plan.iter().skip_while(|step| *step != last).nth(1),
        };
        let routing = match self.route.last() {
            None => Routing::NotRouted,
            Some(leg) if leg.to == self.destination => Routing::Routed,
            Some(_) => Routing::Misrouted,
        };
        let is_on_its_way = routing == Routing::Routed && !is_misdirected;
        Delivery {
            transport: self.transport(),
            routing,
            is_misdirected,
            next: next.filter(|_| !is_misdirected).cloned(),
            arrives: self.route.last().filter(|_| is_on_its_way).map(|leg| leg.arrives),
        }
    }

    /// The steps that the route says, from where the cargo was when the route was assigned.
    fn plan(&self) -> Vec<Step> {
        let receive = (self.steps_before_route == 0).then_some((Activity::Received, self.origin));
        let legs = self.route.iter().flat_map(|Leg { voyage, from, to, .. }| {
            let load = Activity::Loaded { voyage: voyage.clone() };
            let unload = Activity::Unloaded { voyage: voyage.clone() };
            [(load, *from), (unload, *to)]
        });
        let claim = self.route.last().map(|leg| (Activity::Claimed, leg.to));
        receive.into_iter().chain(legs).chain(claim).collect()
    }
}

/// The routes that a timetable offers from one port to another.
fn routes(timetable: &[Leg], from: Port, to: Port, earliest: Timestamp, due: Timestamp) -> Vec<Vec<Leg>> {
    let legs = timetable.iter().filter(|leg| leg.from == from && leg.departs >= earliest && leg.arrives <= due);
    let complete = |leg: &Leg| -> Vec<Vec<Leg>> {
        if leg.to == to {
            return vec![vec![leg.clone()]];
        }
        let onward = routes(timetable, leg.to, to, leg.arrives, due);
        onward.into_iter().map(|rest| once(leg.clone()).chain(rest).collect()).collect()
    };
    let mut found: Vec<Vec<Leg>> = legs.flat_map(complete).collect();
    found.sort_by_key(|route| route.last().map(|leg| leg.arrives));
    found
}

#[application(aggregates(Cargo))]
#[derive(Debug)]
pub struct Shipping;

impl Shipping {
    pub async fn book(&self, origin: Port, destination: Port, due: Timestamp) -> Result<Uuid, ShippingError> {
        let mut cargo = Cargo::book(origin, destination, due);
        self.save(&mut cargo).await?;
        Ok(cargo.id())
    }

    pub async fn assign_route(&self, id: Uuid, route: &[Leg]) -> Result<(), ShippingError> {
        self.retry(id, |cargo: &mut Cargo| cargo.assign_route(route)).await?
    }

    pub async fn change_destination(&self, id: Uuid, destination: Port) -> Result<(), ShippingError> {
        Ok(self.retry(id, |cargo: &mut Cargo| cargo.change_destination(destination)).await?)
    }

    pub async fn handle(
        &self,
        id: Uuid,
        activity: Activity,
        port: Port,
        completed: Timestamp,
    ) -> Result<(), ShippingError> {
        self.retry(id, |cargo: &mut Cargo| cargo.handle(activity.clone(), port, completed)).await?
    }

    pub async fn delivery(&self, id: Uuid) -> Result<Delivery, ShippingError> {
        let cargo: Cargo = self.repository().get(id).await?;
        Ok(cargo.delivery())
    }
}

fn loaded(voyage: &str) -> Activity {
    Activity::Loaded { voyage: voyage.to_owned() }
}

fn unloaded(voyage: &str) -> Activity {
    Activity::Unloaded { voyage: voyage.to_owned() }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    use Port::{CapeTown, Lisbon, Rotterdam, Santos};

    let noon = |date: &str| format!("{date}T12:00:00Z").parse::<Timestamp>();
    let leg = |voyage: &str, from, to, departs, arrives| -> Result<Leg, Box<dyn std::error::Error>> {
        Ok(Leg { voyage: voyage.to_owned(), from, to, departs: noon(departs)?, arrives: noon(arrives)? })
    };
    let timetable = [
        leg("North", Rotterdam, Lisbon, "2027-03-02", "2027-03-05")?,
        leg("West", Lisbon, Santos, "2027-03-07", "2027-03-19")?,
        leg("Coast", Lisbon, CapeTown, "2027-03-07", "2027-03-18")?,
        leg("South", CapeTown, Santos, "2027-03-22", "2027-04-02")?,
    ];
    let due = noon("2027-04-10")?;
    let shipping = Shipping::open_with([("PERSISTENCE_MODULE", "memory")]).await?;

    // booked and routed
    let id = shipping.book(Rotterdam, Santos, due).await?;
    assert_eq!(shipping.delivery(id).await?.routing, Routing::NotRouted);
    let found = routes(&timetable, Rotterdam, Santos, noon("2027-03-01")?, due);
    let voyages = |route: &[Leg]| route.iter().map(|leg| leg.voyage.clone()).collect::<Vec<_>>().join(", ");
    assert_eq!(found.iter().map(|route| voyages(route)).collect::<Vec<_>>(), ["North, West", "North, Coast, South"]);
    let gap = [timetable[0].clone(), timetable[3].clone()];
    let refused = shipping.assign_route(id, &gap).await;
    assert!(matches!(refused, Err(ShippingError::RouteDoesNotFit { .. })), "{refused:?}");
    shipping.assign_route(id, &found[0]).await?;
    let delivery = shipping.delivery(id).await?;
    assert_eq!((delivery.routing, delivery.next), (Routing::Routed, Some((Activity::Received, Rotterdam))));
    assert_eq!(delivery.arrives, Some(noon("2027-03-19")?));

    // on its way, as planned
    shipping.handle(id, Activity::Received, Rotterdam, noon("2027-03-01")?).await?;
    shipping.handle(id, loaded("North"), Rotterdam, noon("2027-03-02")?).await?;
    let delivery = shipping.delivery(id).await?;
    assert_eq!(delivery.transport, Transport::OnBoard { voyage: "North".to_owned() });
    assert_eq!(delivery.next, Some((unloaded("North"), Lisbon)));
    shipping.handle(id, unloaded("North"), Lisbon, noon("2027-03-05")?).await?;

    // loaded onto the wrong ship: recorded, and found out at once
    shipping.handle(id, loaded("Coast"), Lisbon, noon("2027-03-07")?).await?;
    let delivery = shipping.delivery(id).await?;
    assert!(delivery.is_misdirected);
    assert_eq!((&delivery.next, delivery.arrives), (&None, None));
    println!("misdirected: {delivery:?}");
    let refused = shipping.assign_route(id, &found[1]).await;
    assert!(matches!(refused, Err(ShippingError::OnBoard { .. })), "{refused:?}");
    shipping.handle(id, unloaded("Coast"), CapeTown, noon("2027-03-18")?).await?;

    // a new route, from where the cargo is
    let rest = routes(&timetable, CapeTown, Santos, noon("2027-03-18")?, due);
    shipping.assign_route(id, &rest[0]).await?;
    let delivery = shipping.delivery(id).await?;
    assert!(!delivery.is_misdirected);
    assert_eq!(delivery.next, Some((loaded("South"), CapeTown)));
    assert_eq!(delivery.arrives, Some(noon("2027-04-02")?));

    // a destination that changes and changes back
    shipping.change_destination(id, Lisbon).await?;
    assert_eq!(shipping.delivery(id).await?.routing, Routing::Misrouted);
    shipping.change_destination(id, Santos).await?;

    shipping.handle(id, loaded("South"), CapeTown, noon("2027-03-22")?).await?;
    shipping.handle(id, unloaded("South"), Santos, noon("2027-04-02")?).await?;
    assert_eq!(shipping.delivery(id).await?.next, Some((Activity::Claimed, Santos)));
    shipping.handle(id, Activity::Claimed, Santos, noon("2027-04-03")?).await?;
    let delivery = shipping.delivery(id).await?;
    assert_eq!((&delivery.transport, &delivery.next), (&Transport::Claimed, &None));
    let refused = shipping.handle(id, loaded("South"), Santos, noon("2027-04-04")?).await;
    assert!(matches!(refused, Err(ShippingError::Claimed)), "{refused:?}");

    // the history is kept: what was known when the cargo was on the wrong ship
    let cargo: Cargo = shipping.repository().get(id).await?;
    assert_eq!((cargo.version(), cargo.last_handled), (13, Some(noon("2027-04-03")?)));
    let then: Cargo = shipping.repository().get_at(id, 6).await?;
    assert!(then.delivery().is_misdirected);
    println!("claimed: {delivery:?}");
    Ok(())
}
