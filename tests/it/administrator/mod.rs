//! Whoever administers the database writes into it: nobody gains a right, no wrong byte is served, and it is found out
//! within the bound that is stated for each thing he types.

mod bounds;
mod held;
mod names;
mod objects;
mod rolled_back;
mod scene;
mod scripts;
mod tables;
