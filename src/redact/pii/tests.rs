//! What all families keep to: exact masks, silence on wrong check digits, no panic on anything.
