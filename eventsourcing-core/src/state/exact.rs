//! The types of fields that JSON restores exactly: an event of such fields need not be read back before it is recorded.

use std::any::TypeId;

use jiff::Timestamp;
use uuid::Uuid;

/// Returns whether every value of `T` is deserialized as the same value.
///
/// The types are compared by identity, so a type of the user's that has the name of one of them is not mistaken for it. Floats are not
/// among them: JSON has no form for some of their values.
#[inline]
pub fn is_exact<T: 'static>() -> bool {
    macro_rules! is_one_of {
        ($($exact:ty)*) => {
            $(TypeId::of::<T>() == TypeId::of::<$exact>()
                || TypeId::of::<T>() == TypeId::of::<Option<$exact>>()
                || TypeId::of::<T>() == TypeId::of::<Vec<$exact>>())||*
        };
    }
    is_one_of! { bool char String i8 i16 i32 i64 isize u8 u16 u32 u64 usize Uuid Timestamp }
}
