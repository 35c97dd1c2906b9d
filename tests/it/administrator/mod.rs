//! Whoever administers the database writes into it: nobody gains a right, no wrong byte is served, and it is found out
//! within the bound that each script states.

mod objects;
mod scene;
mod scripts;
mod tables;
