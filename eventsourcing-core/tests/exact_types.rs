//! Fields that are trusted to be restored exactly are, whatever their values.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use eventsourcing_core::__private::is_exact;
use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
use eventsourcing_core::{AggregateEvent, DomainEvent, Mapper, Timestamp, Uuid};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::{Deserialize, Serialize};

/// An event with a field of each trusted type, alone, in an option and in a list.
macro_rules! trusted {
    ($($name:ident $optional:ident $list:ident: $ty:ty),* $(,)?) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        struct Trusted {
            $($name: $ty, $optional: Option<$ty>, $list: Vec<$ty>,)*
        }

        impl Trusted {
            fn is_trusted() -> bool {
                true $(&& is_exact::<$ty>() && is_exact::<Option<$ty>>() && is_exact::<Vec<$ty>>())*
            }

            /// An event whose values come from a list of all kinds of values, each from another place of it.
            fn of(mut next: impl FnMut() -> Values) -> Self {
                Self { $($name: next().$name, $optional: next().$name.into(), $list: vec![next().$name, next().$name],)* }
            }

            fn without_options(mut self) -> Self {
                $(self.$optional = None; self.$list.clear();)*
                self
            }
        }

        #[derive(Clone, Debug)]
        struct Values {
            $($name: $ty,)*
        }
    };
}

trusted! {
    a a_option a_list: bool, b b_option b_list: char, c c_option c_list: String,
    d d_option d_list: i8, e e_option e_list: i16, f f_option f_list: i32, g g_option g_list: i64, h h_option h_list: isize,
    i i_option i_list: u8, j j_option j_list: u16, k k_option k_list: u32, l l_option l_list: u64, m m_option m_list: usize,
    n n_option n_list: Uuid, o o_option o_list: Timestamp,
}

impl AggregateEvent for Trusted {
    const TOPICS: &'static [&'static str] = &["Thing.Trusted"];

    fn topic(&self) -> &'static str {
        "Thing.Trusted"
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        state.write(self)
    }

    fn read(_: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        state.read()
    }
}

fn values() -> impl Strategy<Value = Values> {
    // strings with what JSON escapes, and of any length
    let text = prop_oneof![any::<String>(), "[\\x00-\\x1f\"\\\\/\u{7f}\u{2028}\u{feff}😀]*"];
    let integers = (any::<i8>(), any::<i16>(), any::<i32>(), any::<i64>(), any::<isize>());
    let naturals = (any::<u8>(), any::<u16>(), any::<u32>(), extremes(), any::<usize>());
    let times = Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond();
    let times = times.prop_map(|time| Timestamp::from_nanosecond(time).unwrap());
    (any::<bool>(), any::<char>(), text, integers, naturals, any::<u128>(), times).prop_map(
        |(a, b, c, (d, e, f, g, h), (i, j, k, l, m), id, o)| {
            let n = Uuid::from_u128(id);
            Values { a, b, c, d, e, f, g, h, i, j, k, l, m, n, o }
        },
    )
}

fn extremes() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), Just(u64::MAX), Just(1 << 53), Just((1 << 53) + 1)]
}

#[test]
fn a_trusted_field_is_restored_exactly() {
    assert!(Trusted::is_trusted());
    let mapper = Mapper::new("test");
    let mut runner = TestRunner::new(Config::with_cases(512));
    let cases = prop::collection::vec(values(), 8);
    let restored = runner.run(&cases, |cases| {
        let mut at = cases.iter().cycle().cloned();
        let full = Trusted::of(|| at.next().unwrap());
        for event in [full.clone(), full.without_options()] {
            let event = DomainEvent::new(Uuid::from_u128(7), 1, Timestamp::UNIX_EPOCH, event);
            let stored = mapper.to_stored_event(&event, Uuid::nil()).unwrap();
            let restored: DomainEvent<Trusted> = mapper.to_domain_event(&stored).unwrap();
            prop_assert_eq!(restored, event);
        }
        Ok(())
    });
    restored.unwrap();
}

#[test]
fn a_type_that_may_be_read_as_another_value_is_not_trusted() {
    /// A type of the user's that has a trusted name.
    mod own {
        pub(super) struct String;
    }
    assert!(!is_exact::<own::String>());
    assert!(!is_exact::<f64>() && !is_exact::<f32>() && !is_exact::<Option<Option<i64>>>() && !is_exact::<u128>());
}
