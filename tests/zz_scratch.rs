#![allow(missing_docs)]
use eventsourcing::prelude::*;
use eventsourcing::persistence::Mapper;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct r#Type {
    a: Vec<String>,
}

#[aggregate]
impl r#Type {
    #[event]
    fn new(r#ref: [u8; 4], t: (u8, String), b: Box<str>, m: std::collections::HashMap<String, Vec<Option<u8>>>, at: Timestamp, id: Uuid) -> r#Type {
        let _ = (r#ref, t, b, m, at, id);
        Self { a: vec![] }
    }
    #[event]
    fn r#async(&mut self, /** a doc */ bytes: impl Into<Vec<u8>>, arr: &[u8; 2], v: &Vec<u8>, ratio: f64) {
        let b: Vec<u8> = bytes.into();
        self.a.push(format!("{b:?}{arr:?}{v:?}{ratio}"));
    }
    #[event]
    fn later(&mut self, other: Option<Box<Option2>>) -> Option<Box<Option2>> { other }
}
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Option2;

fn generic<T: Into<u64>>(t: T) -> u64 {
    #[aggregate]
    #[derive(Clone, Debug)]
    struct In { t: u64 }
    #[aggregate]
    impl In {
        #[event] fn new(t: u64) -> Self { Self { t } }
    }
    In::new(t.into()).t
}

const _: () = {
    #[aggregate]
    #[derive(Clone, Debug)]
    struct In { t: u64 }
    #[aggregate]
    impl In {
        #[event] fn new(t: u64) -> Self { Self { t } }
        fn t() -> u64 { In::new(1).t }
    }
    #[allow(dead_code)]
    fn x() -> u64 { In::t() }
};

#[test]
fn scratch() {
    let mut t = r#Type::new([1; 4], (1, "a".into()), "x".into(), Default::default(), Timestamp::now(), Uuid::nil());
    t.r#async([1u8, 2], &[3, 4], &vec![1], f64::NAN);
    t.later(None);
    println!("{}", Type::NAME);
    assert_eq!(generic(3u8), 3);
    let mapper = Mapper::new("x");
    let s = mapper.to_stored_event(&t.pending_events()[1], Uuid::nil());
    println!("{:?}", s.as_ref().map(|s| String::from_utf8_lossy(&s.state).into_owned()));
    println!("{:?}", s.map(|s| mapper.to_domain_event::<TypeEvent>(&s)));
}
