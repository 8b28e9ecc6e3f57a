//! Struct literals and patterns of the aggregate, anywhere in the impl block.

use eventsourcing::prelude::*;

use crate::fold;

/// A macro with its own syntax, in which `Shape { … }` is no literal.
macro_rules! keys {
    ($name:ident { $($key:ident : $value:expr),* }) => {
        [$(stringify!($key)),*]
    };
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    name: String,
    sides: u8,
}

#[aggregate]
impl Shape {
    #[event("Drawn")]
    pub fn draw(name: &str, sides: u8) -> Self {
        let make = |sides| Self { name: name.to_owned(), sides };
        make(sides)
    }

    #[event("DrawnByName")]
    pub fn draw_by_name(name: &str) -> Shape {
        Shape { name: name.to_owned(), sides: 0 }
    }

    #[event("DrawnInMacro")]
    pub fn draw_in_macro(name: &str) -> Self {
        let mut all = vec![Self { name: name.to_owned(), sides: 1 }];
        all.extend(vec![Shape { name: name.to_owned(), sides: 1 }; 2]);
        assert!(!all.is_empty(), "there is {:?}", Self { name: name.to_owned(), sides: 9 });
        all.swap_remove(0)
    }

    #[event("DrawnAround")]
    pub fn draw_around(name: &str) -> Self {
        let made = Some(Self { sides: 3, ..Self::blank() });
        let made = made.map(|Self { sides, .. }| Self { name: name.to_owned(), sides });
        made.unwrap_or_else(Self::blank)
    }

    #[event("DrawnByPath")]
    pub fn draw_by_path(name: &str) -> Self {
        let drawn = std::vec![self::Shape { name: name.to_owned(), sides: 6 }];
        assert!(::std::matches!(drawn[0], self::Shape { name: _, sides: 6 }), "a hexagon");
        let self::Shape { name, sides } = drawn[0].clone();
        self::Shape { name, sides }
    }

    #[event("DrawnInNest")]
    pub fn draw_in_nest(name: &str) -> Self {
        struct Other {
            name: String,
        }
        impl Other {
            fn new(name: &str) -> Self {
                Self { name: name.to_owned() }
            }
            fn shape(self) -> Shape {
                let Self { name } = self;
                Shape { name, sides: 5 }
            }
        }
        Other::new(name).shape()
    }

    #[event("Cut")]
    pub fn cut(&mut self) {
        let Self { name, sides } = self;
        name.push('-');
        *sides -= 1;
    }

    /// No event, and its literal is completed too.
    fn blank() -> Self {
        Self { name: String::new(), sides: 0 }
    }

    fn is_square(&self) -> bool {
        matches!(self, Self { name: _, sides: 4 } if !self.name.is_empty()) || matches!(&self, Shape { sides: 4, .. })
    }

    fn describe(&self) -> String {
        match self {
            Shape { name, sides: 3 } => format!("triangle {name}"),
            Self { name, sides } => format!("{name} of {sides}, like {}", Self { name: name.clone(), sides: 2 }.sides),
        }
    }

    /// The arguments of third-party macros are left alone.
    fn in_own_macros() -> ([&'static str; 2], &'static str, Vec<[&'static str; 1]>) {
        (keys!(Shape { event: 1, sides: 2 }), stringify!(Self { sides: 1 }), vec![keys!(Shape { sides: 1 })])
    }

    fn explicit() -> Self {
        Self { name: String::new(), sides: 0, aggregate_root: eventsourcing::Root::default() }
    }
}

#[test]
fn literals_are_completed_in_closures_macros_and_nested_items() {
    for shape in [
        Shape::draw("a", 4),
        Shape::draw_by_name("a"),
        Shape::draw_in_macro("a"),
        Shape::draw_around("a"),
        Shape::draw_by_path("a"),
        Shape::draw_in_nest("a"),
    ] {
        assert_eq!(shape.name, "a");
        assert_eq!(fold(&shape), shape);
    }
}

#[test]
fn patterns_are_completed_too() {
    let mut shape = Shape::draw("a", 5);
    shape.cut();
    assert!(shape.is_square());
    assert_eq!(shape.describe(), "a- of 4, like 2");
    shape.cut();
    assert_eq!(shape.describe(), "triangle a--");
    assert_eq!(fold(&shape), shape);
}

#[test]
fn a_literal_in_a_plain_method_has_no_history() {
    assert_eq!(Shape::blank(), Shape::explicit());
    assert_eq!(Shape::blank().version(), 0);
}

#[test]
fn tokens_of_macros_that_are_not_of_the_standard_library_are_left_alone() {
    let (keys, text, nested) = Shape::in_own_macros();
    assert_eq!(keys, ["event", "sides"]);
    assert_eq!(text, "Self { sides: 1 }");
    assert_eq!(nested, [["sides"]]);
}
