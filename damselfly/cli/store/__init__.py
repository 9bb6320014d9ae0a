"""The store as a whole: moved, saved, brought back, looked over, and who may do what in etcd."""
