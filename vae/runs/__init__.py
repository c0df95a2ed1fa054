"""From numbers to disk and workers: a run's life.

Somebody asks for a run (`queue.Runs.submit`, or `train` on the command line): `RunStore.create` writes its config, and
it is queued. A worker (`worker.advance`) trains it, and writes history, pictures and checkpoints as it goes: it is
running. At every logged step it looks what is wanted; pausing it leaves a checkpoint and its place to others, stopping
it ends it with the model it has. The model and then metrics.json are written last: the run has ended.

Who picks up a killed one: nothing is lost but what came after its checkpoint. A worker process that dies is started
again by Dask, which gives its task to another; a task that kills one worker after another ends as failed. After a
restart of the server, `Runs` gives every active run of the store to a worker as soon as there are any; for a cluster
that was lost in between, whoever looks at an active run does (`Runs.ensure`). The command line goes on when it is
given again. A run whose files are damaged is set aside, and begins anew when somebody asks.
"""
