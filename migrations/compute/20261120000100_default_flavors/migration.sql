-- The flavors a new cloud starts with. A migration runs once, so what the operator deletes stays deleted.
insert into flavors (id, name, vcpus, ram_mb, disk_gb, created_at)
select id, name, vcpus, ram_mb, disk_gb, now()
from (values
    ('1', 'm1.tiny', 1, 128, 1),
    ('2', 'm1.small', 1, 512, 5),
    ('3', 'm1.medium', 2, 2048, 20),
    ('4', 'm1.large', 4, 4096, 40)
  ) as starting(id, name, vcpus, ram_mb, disk_gb)
where not exists (select from flavors);
